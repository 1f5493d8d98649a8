"""What the commands print: columns on a terminal, tabs and nothing cut everywhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ..manifest.manifest import Manifest
    from ..restore.database_names import ReplacedDatabase
    from ..store.listing import Listing, Stored

PROVEN = {
    "none": "not verified",
    "read": "read back, not restored",
    "restore": "restored and compared",
}
_THOUSAND = 1000


def rows(table: Iterable[Sequence[str]]) -> str:
    """Return the rows of *table*, all of one length, as lines.

    What would steer a terminal is spelled out: a manifest may be a stranger's.
    """
    found = [tuple(map(_visible, row)) for row in table]
    if not sys.stdout.isatty():
        return "\n".join("\t".join(row).rstrip("\t") for row in found)
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in found)


def _visible(cell: str) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in cell)


def size(count: float) -> str:
    """Return *count* bytes as a person says it."""
    for unit in ("bytes", "kB", "MB"):
        if count < _THOUSAND:
            return f"{count:.3g} {unit}"
        count /= _THOUSAND
    return f"{count:.3g} GB"


def listing_text(listing: Listing, directory: Path) -> str:
    """Return the backups of *listing*, newest first, then what is damaged.

    Where there are none it names the *directory*: a disk that is not mounted looks like that too.
    """
    table = [_row(stored) for stored in listing]
    nothing = f"no backups in {directory}" if directory.is_dir() else f"no folder {directory}"
    blocks = [rows(table) if table else nothing]
    if listing.damaged:
        blocks.append(rows(("damaged", one.id, one.store, one.reason) for one in listing.damaged))
    return "\n".join(blocks)


def listing_data(listing: Listing) -> dict[str, Any]:
    """Return *listing* as JSON-ready values."""
    return {
        "backups": [summary(stored) for stored in listing],
        "damaged": [
            {"id": one.id, "place": one.store, "reason": one.reason} for one in listing.damaged
        ],
    }


def summary(stored: Stored) -> dict[str, Any]:
    """Return what one line of a list says, as JSON-ready values."""
    manifest = stored.manifest
    return {
        **stored.backup.to_dict(),
        "level": manifest.verified,
        "database": manifest.database,
        "environment": manifest.environment,
        "server": {"system_identifier": manifest.system_identifier, "name": manifest.cluster},
        "heads": list(manifest.heads),
        "run_id": manifest.run_id,
        "created_at": manifest.created_at,
        "encryption": manifest.encryption,
        "places": list(stored.stores),
    }


def details(stored: Stored, snapshot: str) -> str:
    """Return all that a person asks about one backup."""
    manifest = stored.manifest
    # A number alone is how an older pg_dump is told the level of its gzip.
    packing = manifest.compression
    shape = f"{manifest.format}, {f'gzip:{packing}' if packing.isdigit() else packing}"
    facts = [
        ("id", manifest.id),
        ("database", manifest.database),
        ("environment", manifest.environment),
        ("made on", _server(manifest)),
        ("revision", ", ".join(manifest.heads) or "no revision"),
        ("made", f"{manifest.created_at} in {manifest.duration_ms / _THOUSAND:.1f} s"),
        ("for run", manifest.run_id or "none: made by hand"),
        ("verified", PROVEN[manifest.verified]),
        ("lies at", f"{stored.uri} ({', '.join(stored.stores)})"),
        ("size", f"{size(manifest.size_bytes)}, of {size(manifest.database_bytes)}"),
        ("archive", f"{shape}, encrypted" if manifest.encryption else shape),
        ("server", f"{manifest.server_version}, written by pg_dump {manifest.tool_version}"),
        ("holds", f"{len(manifest.tables)} tables, {manifest.large_objects} large objects"),
        ("roles", ", ".join(manifest.roles) or "-"),
        ("template copy", snapshot or "-"),
        ("sha256", manifest.checksum),
        *(("warning", each) for each in manifest.obstacles),
    ]
    return rows(facts)


def _server(manifest: Manifest) -> str:
    if manifest.system_identifier is None:
        return f"{manifest.cluster or 'a server'} that it does not identify"
    return f"{manifest.cluster} (system identifier {manifest.system_identifier})"


def replaced_row(kept: ReplacedDatabase, word: str) -> tuple[str, ...]:
    """Return the row of a database that a restore has replaced; *word* says what becomes of it."""
    return (word, "database", kept.name, size(kept.size_bytes))


def _row(stored: Stored) -> tuple[str, ...]:
    manifest = stored.manifest
    return (
        manifest.id,
        manifest.created_at,
        manifest.environment,
        manifest.database,
        ",".join(manifest.heads) or "-",
        size(manifest.size_bytes),
        manifest.verified,
        manifest.cluster or "-",
        ",".join(stored.stores),
    )
