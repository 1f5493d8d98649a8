"""Restoring an archive into a fresh database, and holding it against the manifest."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import psycopg2

from app.hooks import Veto

from . import marks
from .archive import NAMES, STATISTICS_SINCE, carries_statistics, refusal
from .cluster import creation, missing_roles
from .contents import count_all, list_tables
from .environment import client_environment
from .process import Deadline, ToolFailedError, work
from .session import Session, asked, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from app.hooks import DatabaseUrl

    from .contents import Contents
    from .manifest import Manifest
    from .tools import Tools

_SHOWN = 3
_COMPARE_SECONDS = 3600.0
# Indexes are sorted in memory, half a gigabyte for all jobs, or as much as the server allows each.
# No commit waits for the disk: WAL is written in order, so the first one that does wait, at the
# latest the one that gives the database its name, waits for all before it.
_SETTINGS = "-c synchronous_commit=off -c maintenance_work_mem={kilobytes}kB"
_MEMORY_KB = 512 * 1024
_MEMORY = """
SELECT CAST(setting AS integer) FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem'
"""
# pg_restore 17 sets it on every server; an older one does not know it, and nothing is lost.
# Each of its processes says so, and not all of them are counted. Servers have their own language.
_SETTING_SINCE = 17
_REFUSED_SETTING = re.compile(
    r'^\S+: error: could not execute query: .*"transaction_timeout".*\n'
    r"Command was: SET transaction_timeout = 0;$",
    re.MULTILINE,
)
_ERROR = re.compile(r"^\S+: (error|fatal): ", re.MULTILINE)
_IGNORED = re.compile(r"^\S+: warning: errors ignored on restore: \d+$", re.MULTILINE)


def rebuild(  # noqa: PLR0913, PLR0917 - what a restore needs to know
    folder: Path,
    manifest: Manifest,
    tools: Tools,
    url: DatabaseUrl,
    database_name: str,
    deadline: Deadline,
    jobs: int,
    *,
    analyze: bool = True,
    no_owner: bool = False,
) -> None:
    """Create the database *database_name* and restore the archive in *folder* into it.

    *url* is any database of the server; nothing in it is touched. With *analyze* the planner gets
    its statistics, unless they came along in the archive. With *no_owner* all of it belongs to the
    role of *url*, and grants are left out: the roles of the backup need not exist.

    Raises `Veto` when anything fails; the new database is then there, half full, for the caller
    to drop.
    """
    try:
        roles = () if no_owner else manifest.roles
        major, memory_kb = asked(
            url, lambda session: _create(session, manifest, database_name, roles), deadline
        )
        target = url.with_database(database_name)
        arguments = [
            *_command(tools, major, jobs, manifest),
            *(["--no-owner", "--no-privileges"] if no_owner else []),
            str(folder / NAMES[manifest.format]),
        ]
        options = _SETTINGS.format(kilobytes=max(memory_kb, _MEMORY_KB // jobs))
        _restore(
            arguments, target, deadline, options, is_old=major < _SETTING_SINCE <= tools.major
        )
        if analyze and not _has_statistics(manifest, tools, major):
            asked(target, Session.analyze, deadline)
    except psycopg2.Error as error:
        raise _failed(database_name, first_line(url, error)) from None


def compare(url: DatabaseUrl, manifest: Manifest, deadline: Deadline | None = None) -> None:
    """Raise `Veto` (code `backup_mismatch`) unless the database of *url* is what *manifest* says.

    Row counts, large objects and heads are compared; the first differences are named.
    """
    try:
        table = manifest.version_table
        found = asked(url, partial(_count, table), deadline or Deadline(_COMPARE_SECONDS))
    except psycopg2.Error as error:
        raise _failed(url.name, first_line(url, error)) from None
    differences = _differences(found, manifest)
    if differences:
        raise _mismatch(differences)


def _count(version_table: str | None, session: Session) -> Contents:
    session.execute("SET row_security = off")
    session.execute("BEGIN READ ONLY")
    return count_all(session, list_tables(session), version_table)


def _create(
    session: Session, manifest: Manifest, name: str, roles: tuple[str, ...]
) -> tuple[int, int]:
    """Create the empty database; return the server's major version and its memory for indexes."""
    missing = missing_roles(session, roles)
    if missing:
        raise Veto(
            f"the backup names roles that the server does not have: {', '.join(missing)}",
            f"create them first: CREATE ROLE {_identifier(missing[0])}",
            code="missing_roles",
        )
    session.execute(creation(name, manifest.properties))
    marks.put(session, name)
    [(memory_kb,)] = session.fetch(_MEMORY)
    return session.server_major, memory_kb


def _identifier(name: str) -> str:
    """Quote *name*: somebody will copy the statement, and a manifest may be a stranger's."""
    return '"' + name.replace('"', '""') + '"'


def _command(tools: Tools, server_major: int, jobs: int, manifest: Manifest) -> list[str]:
    options = [tools.pg_restore, "--no-password", f"--jobs={jobs}"]
    if not server_major < _SETTING_SINCE <= tools.major:
        options.append("--exit-on-error")
    if tools.major >= STATISTICS_SINCE:
        wanted = _has_statistics(manifest, tools, server_major)
        options.append("--statistics" if wanted else "--no-statistics")
    return options


def _has_statistics(manifest: Manifest, tools: Tools, server_major: int) -> bool:
    came_along = carries_statistics(manifest.tool_version, manifest.server_version)
    return came_along and min(tools.major, server_major) >= STATISTICS_SINCE


def _restore(
    arguments: list[str], target: DatabaseUrl, deadline: Deadline, options: str, *, is_old: bool
) -> None:
    environment = client_environment(target, watched=True, options=options)
    command = [*arguments[:-1], f"--dbname={target.libpq_place()}", arguments[-1]]
    try:
        work(command, environment, deadline)
    except ToolFailedError as error:
        if not (is_old and is_harmless(error.complaint)):
            reason = target.redact(str(error))
            raise refusal("the backup cannot be restored", reason) from None


def is_harmless(complaint: str) -> bool:
    """Say whether all that went wrong was a setting that an older server does not know.

    *complaint* is what pg_restore printed. It must have come to its end, and have told of no error
    but that one.
    """
    rest, refused = _REFUSED_SETTING.subn("", complaint)
    return refused > 0 and _IGNORED.search(rest) is not None and not _ERROR.search(rest)


def _differences(found: Contents, manifest: Manifest) -> list[str]:
    told = [
        _difference(name, found.tables.get(name), manifest.tables.get(name))
        for name in sorted(found.tables.keys() | manifest.tables.keys())
        if found.tables.get(name) != manifest.tables.get(name)
    ]
    if found.large_objects != manifest.large_objects:
        told.append(f"{found.large_objects} large objects, not {manifest.large_objects}")
    if found.heads != manifest.heads:
        told.append(f"at revision {_listed(found.heads)}, not {_listed(manifest.heads)}")
    return told


def _difference(name: str, found: int | None, wanted: int | None) -> str:
    if found is None:
        return f"{name} is missing"
    if wanted is None:
        return f"{name} should not be there"
    return f"{name} has {found} rows, not {wanted}"


def _listed(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or "none"


def _mismatch(differences: list[str]) -> Veto:
    more = len(differences) - _SHOWN
    told = "; ".join(differences[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    return Veto(
        f"what was restored is not what was dumped: {told}",
        "take another backup: python migrate.py backup list",
        code="backup_mismatch",
    )


def _failed(name: str, reason: str) -> Veto:
    hints = {
        "permission denied to create database": "ALTER ROLE ... CREATEDB for the role of"
        " migrations, or set plugins.backup.verify_database_url",
        "locale": "restore on a server that has this locale",
    }
    hint = next((hint for word, hint in hints.items() if word in reason), "")
    return Veto(
        f"the backup cannot be restored into {name}: {reason}",
        hint or "correct the cause and try again",
    )
