"""Restoring an archive into a fresh database, and comparing it with the manifest."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import Veto

from ..one_schema.surroundings import surround
from ..postgres import marks
from ..postgres.create_database import TEMPLATE0, creation, missing_roles
from ..postgres.database_session import Session, asked, reason_of
from ..postgres.process import Deadline, ToolFailedError
from .contents import count_all, list_tables
from .pg_dump import NAMES, STATISTICS_SINCE, carries_statistics, refusal
from .pg_restore import PgRestore
from .prepared_rebuild import entries_to_restore, entries_without, functions_find
from .rebuild_advice import advice

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sst.hooks import DatabaseUrl

    from ..manifest.manifest import Manifest
    from ..postgres.client_programs import Tools
    from .contents import Contents

_SHOWN = 3
_COMPARE_SECONDS = 3600.0
_MEMORY_KB = 512 * 1024
_MEMORY = """
SELECT CAST(setting AS integer) FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem'
"""
_DEFINITIONS = "--section=pre-data"
_REST = ("--section=data", "--section=post-data")


@dataclass(frozen=True, slots=True)
class RebuildOptions:
    """The ways in which a rebuild differs from pg_restore alone."""

    no_owner: bool = False
    """All belongs to the role of the rebuild, and grants are left out: no role need exist."""
    search_path: str = ""
    """The schemas for functions without a search path, while rows and indexes are made."""
    template: str = TEMPLATE0
    """The database that the new one is a copy of; the rebuild leaves out its objects."""
    around: DatabaseUrl | None = None
    """For one schema, the database whose rest, without rows, is made around it before."""

    def but(self, *, no_owner: bool, search_path: str, template: str) -> RebuildOptions:
        """Return these with other values; an empty text changes nothing."""
        return replace(
            self,
            no_owner=no_owner,
            search_path=search_path or self.search_path,
            template=template or self.template,
        )


PLAIN = RebuildOptions()


def rebuild(  # noqa: PLR0913, PLR0917 - all that a restore needs
    folder: Path,
    manifest: Manifest,
    tools: Tools,
    url: DatabaseUrl,
    database_name: str,
    deadline: Deadline,
    jobs: int,
    *,
    analyze: bool = True,
    options: RebuildOptions = RebuildOptions(),
) -> None:
    """Create the database *database_name* and restore the archive in *folder* into it.

    *url* is any database of the server; nothing in it is touched. With *analyze* the planner gets
    its statistics, unless they came along in the archive.

    Raises `Veto` when anything fails; the new database is then there, half full, for the caller
    to drop.
    """
    archive, target = folder / NAMES[manifest.format], url.with_database(database_name)
    try:
        make = partial(_create, manifest=manifest, name=database_name, options=options)
        major, memory_kb = asked(url, make, deadline)
        program = PgRestore(tools, major, target, deadline, max(memory_kb, _MEMORY_KB // jobs))
        if options.around and manifest.outside.needs:
            around = options.around.with_database(manifest.database)
            surround(around, manifest.subject, program, tools, deadline)
        has_statistics = _has_statistics(manifest, tools, major)
        what = pg_restore_arguments(manifest, tools, major, options)
        arguments = ["--no-password", f"--jobs={jobs}", *what]
        with _entries(program, archive, manifest, options) as entries:
            restore = partial(program.restore, archive, *arguments, *entries)
            if options.search_path:
                restore(_DEFINITIONS)
            with _functions(target, deadline, options):
                restore(*(_REST if options.search_path else ()))
                if analyze and not has_statistics:
                    asked(target, Session.analyze, deadline)
    except ToolFailedError as error:
        raise refused_rebuild(target.redact(str(error)), manifest) from None
    except psycopg2.Error as error:
        raise _failed(database_name, reason_of(url, error)) from None


def compare(url: DatabaseUrl, manifest: Manifest, deadline: Deadline | None = None) -> None:
    """Raise `Veto` (code `backup_mismatch`) unless the database of *url* is what *manifest* says.

    Row counts, large objects and heads are compared; the first differences are named.
    """
    try:
        table = manifest.version_table
        count = partial(_count, table, manifest.subject.schema)
        found = asked(url, count, deadline or Deadline(_COMPARE_SECONDS))
    except psycopg2.Error as error:
        raise _failed(url.name, reason_of(url, error)) from None
    require_same(found, manifest)


def require_same(found: Contents, manifest: Manifest) -> None:
    """Raise `Veto` (code `backup_mismatch`) unless *found* is what *manifest* says."""
    differences = _differences(found, manifest)
    if differences:
        raise _mismatch(differences, "schema" if manifest.schema else "database")


def _count(version_table: str | None, schema: str, session: Session) -> Contents:
    session.execute("SET row_security = off")
    session.execute("BEGIN READ ONLY")
    return count_all(session, list_tables(session, schema), version_table, schema)


def _create(
    session: Session, *, manifest: Manifest, name: str, options: RebuildOptions
) -> tuple[int, int]:
    """Create the empty database; return the server's major version and its memory for indexes."""
    missing = [] if options.no_owner else missing_roles(session, manifest.roles)
    if missing:
        raise Veto(
            f"the backup names roles that the server does not have: {', '.join(missing)}",
            f"create them first: CREATE ROLE {_identifier(missing[0])}",
            code="missing_roles",
        )
    session.execute(creation(name, manifest.properties, options.template))
    marks.put(session, name)
    [(memory_kb,)] = session.fetch(_MEMORY)
    return session.server_major, memory_kb


def _identifier(name: str) -> str:
    """Quote *name*: people copy the statement, and a manifest may be of unknown origin."""
    return '"' + name.replace('"', '""') + '"'


def pg_restore_arguments(
    manifest: Manifest, tools: Tools, server_major: int, options: RebuildOptions
) -> list[str]:
    """Return the arguments that say what of the archive is restored, and whose it is."""
    arguments: list[str] = []
    has_statistics = _has_statistics(manifest, tools, server_major)
    if tools.major >= STATISTICS_SINCE:
        arguments.append("--statistics" if has_statistics else "--no-statistics")
    return [*arguments, "--no-owner", "--no-privileges"] if options.no_owner else arguments


def _has_statistics(manifest: Manifest, tools: Tools, server_major: int) -> bool:
    came_along = carries_statistics(manifest.tool_version, manifest.server_version)
    return came_along and min(tools.major, server_major) >= STATISTICS_SINCE


def _entries(
    program: PgRestore, archive: Path, manifest: Manifest, options: RebuildOptions
) -> AbstractContextManager[list[str]]:
    """Return pg_restore's arguments without what is there, or has no rows to point to."""
    if manifest.schema:
        outside = manifest.outside.foreign_keys
        keys = tuple(f"FK CONSTRAINT {manifest.schema} {key.entry} " for key in outside)
        return entries_without(keys, archive, program.tools, program.deadline)
    if options.template == TEMPLATE0:
        return nullcontext([])
    return entries_to_restore(program.target, archive, program.tools, program.deadline)


def _functions(
    target: DatabaseUrl, deadline: Deadline, options: RebuildOptions
) -> AbstractContextManager[None]:
    if not options.search_path:
        return nullcontext()
    return functions_find(target, options.search_path, deadline)


def _differences(found: Contents, manifest: Manifest) -> list[str]:
    differences = [
        _difference(name, found.tables.get(name), manifest.tables.get(name))
        for name in sorted(found.tables.keys() | manifest.tables.keys())
        if found.tables.get(name) != manifest.tables.get(name)
    ]
    if found.large_objects != manifest.large_objects:
        differences.append(f"{found.large_objects} large objects, not {manifest.large_objects}")
    if found.heads != manifest.heads:
        differences.append(f"at revision {_listed(found.heads)}, not {_listed(manifest.heads)}")
    return differences


def _difference(name: str, found: int | None, wanted: int | None) -> str:
    if found is None:
        return f"{name} is missing"
    if wanted is None:
        return f"{name} should not be there"
    return f"{name} has {found} rows, not {wanted}"


def _listed(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or "none"


def _mismatch(differences: list[str], what: str) -> Veto:
    more = len(differences) - _SHOWN
    shown = "; ".join(differences[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    return Veto(
        f"the restored {what} differs from the dump: {shown}",
        "take another backup: python migrate.py backup list",
        code="backup_mismatch",
    )


def refused_rebuild(reason: str, manifest: Manifest) -> Veto:
    """Return the refusal with a remedy; a server's language may be unknown here."""
    found = refusal("the backup cannot be restored", reason)
    remedy = advice(reason) or "; ".join(manifest.obstacles[:1])
    return Veto(found.reason, remedy, code="cannot_rebuild") if remedy else found


def _failed(name: str, reason: str) -> Veto:
    hints = {
        "permission denied to create database": "ALTER ROLE ... CREATEDB for the role of"
        " migrations, or set plugins.backup.verify_database_url",
        "locale": "restore on a server that has this locale",
    }
    hint = next((hint for cause, hint in hints.items() if cause in reason), "")
    remedy = "" if hint else advice(reason)
    return Veto(
        f"the backup cannot be restored into {name}: {reason}",
        hint or remedy or "correct the cause and try again",
        code="cannot_rebuild" if remedy else "",
    )
