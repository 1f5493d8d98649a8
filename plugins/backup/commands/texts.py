"""The rows of the commands, which the core lays out, and their JSON-ready values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.hooks import counted, size_text

from ..verify.verifier import PROVEN, RESTORE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ..manifest.manifest import Manifest
    from ..restore.database_names import ReplacedDatabase
    from ..store.listing import Listing, Stored

Rows = list[tuple[str, ...]]
_MS_PER_SECOND = 1000


def printable(table: Iterable[Sequence[str]]) -> Rows:
    """Return *table* with its control characters spelled out: a manifest may be of any origin."""
    return [tuple(map(_visible, row)) for row in table]


def _visible(cell: str) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in cell)


def listing_rows(listing: Listing, directory: Path) -> Rows:
    """Return the backups of *listing*, newest first, then what is damaged.

    Where there are none it names the *directory*: a disk that is not mounted looks like that too.
    """
    nothing = f"no backups in {directory}" if directory.is_dir() else f"no folder {directory}"
    nothing = listing.unreachable if listing.elsewhere else nothing
    damaged = [("damaged", one.id, one.store, one.reason) for one in listing.damaged]
    return printable([*([_row(stored) for stored in listing] or [(nothing,)]), *damaged])


def listing_data(listing: Listing) -> dict[str, Any]:
    """Return *listing* as JSON-ready values."""
    return {
        "backups": [summary(stored) for stored in listing],
        "damaged": [
            {"id": one.id, "place": one.store, "reason": one.reason} for one in listing.damaged
        ],
    }


def summary(stored: Stored) -> dict[str, Any]:
    """Return the facts of one line of a list as JSON-ready values."""
    manifest = stored.manifest
    return {
        **stored.backup.to_dict(),
        "level": manifest.verified,
        "database": manifest.database,
        "schema": manifest.schema,
        "environment": manifest.environment,
        "server": {"system_identifier": manifest.system_identifier, "name": manifest.cluster},
        "heads": list(manifest.heads),
        "run_id": manifest.run_id,
        "created_at": manifest.created_at,
        "encryption": manifest.encryption,
        "places": list(stored.stores),
    }


def details(stored: Stored) -> Rows:
    """Return all that is known about one backup, a row for each fact."""
    manifest = stored.manifest
    # An older pg_dump takes the level of its gzip as a number alone.
    packing = manifest.compression
    shape = f"{manifest.format}, {f'gzip:{packing}' if packing.isdigit() else packing}"
    facts = [
        ("id", manifest.id),
        ("database", manifest.database),
        *([("schema", manifest.schema)] if manifest.schema else []),
        ("environment", manifest.environment),
        ("made on", _server(manifest)),
        ("revision", ", ".join(manifest.heads) or "no revision"),
        ("made", f"{manifest.created_at} in {manifest.duration_ms / _MS_PER_SECOND:.1f} s"),
        ("for run", manifest.run_id or "none: made by hand"),
        ("verified", PROVEN[manifest.verified]),
        ("stored at", f"{stored.uri} ({', '.join(stored.stores)})"),
        ("size", f"{size_text(manifest.size_bytes)}, of {size_text(manifest.database_bytes)}"),
        ("archive", f"{shape}, encrypted" if manifest.encryption else shape),
        ("server", f"{manifest.server_version}, written by pg_dump {manifest.tool_version}"),
        ("holds", _content(manifest)),
        ("roles", ", ".join(manifest.roles) or "-"),
        ("template copy", manifest.snapshot or "-"),
        ("sha256", manifest.checksum),
        *(("needs", each) for each in manifest.outside.needs),
        *unproven_rows(manifest),
        *(("warning", each) for each in manifest.obstacles),
    ]
    return printable(facts)


def unproven_rows(manifest: Manifest) -> Rows:
    """Return what even a restore in a scratch database leaves unproven, a row for each."""
    if manifest.verified != RESTORE:
        return []
    return printable(
        ("not proven", f"foreign key {key}, whose rows are in no backup of one schema")
        for key in manifest.outside.foreign_keys
    )


def _content(manifest: Manifest) -> str:
    large_objects = counted(manifest.large_objects, "large object")
    return f"{counted(len(manifest.tables), 'table')}, {large_objects}"


def _server(manifest: Manifest) -> str:
    if manifest.system_identifier is None:
        return f"{manifest.cluster or 'a server'} that it does not identify"
    return f"{manifest.cluster} (system identifier {manifest.system_identifier})"


def replaced_row(replaced: ReplacedDatabase, outcome: str, kind: str) -> tuple[str, ...]:
    """Return the row of a database, or of another *kind*, that a restore has replaced."""
    return (outcome, kind, replaced.name, size_text(replaced.size_bytes))


def _row(stored: Stored) -> tuple[str, ...]:
    manifest = stored.manifest
    return (
        manifest.id,
        manifest.created_at,
        manifest.environment,
        str(manifest.subject),
        ",".join(manifest.heads) or "-",
        size_text(manifest.size_bytes),
        manifest.verified,
        manifest.cluster or "-",
        ",".join(stored.stores),
    )
