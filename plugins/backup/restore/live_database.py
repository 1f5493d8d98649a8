"""The live database before a restore: what its operator is shown, and whether it is so still."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import TemporaryError, Veto

from ..manifest.origin import read_origin
from ..postgres.maintenance_session import connected, translate_driver_errors
from .database_names import find_replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sst.hooks import CommandContext, DatabaseUrl, LockedWork

    from ..manifest.origin import Origin
    from ..postgres.maintenance_session import Server
    from .database_names import ReplacedDatabase

_log = logging.getLogger("sst.plugins.backup")
_AGAIN = "run the command again: it shows the database as it is then"
# What a role may not see of the sessions of others is null; the address of none is hidden.
_SESSIONS = """
SELECT COALESCE(application_name, ''), count(*) FROM pg_stat_activity
 WHERE datname = %(name)s AND pid <> pg_backend_pid()
   AND COALESCE(backend_type, 'client backend') = 'client backend'
 GROUP BY 1 ORDER BY 2 DESC, 1
"""
_SIZE = "SELECT pg_database_size(CAST(%(name)s AS name))"
_LAST_RUN = """
SELECT command, target, outcome, extract(epoch FROM now() - started_at) FROM migrator.run
 WHERE outcome <> 'refused' ORDER BY started_at DESC LIMIT 1
"""
_HAS_RECORD = "SELECT to_regclass('migrator.run') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run on record that did something."""

    words: str
    """Its command and target."""
    outcome: str
    age_seconds: float


def number_of_database(url: DatabaseUrl) -> int | None:
    """Return the number of the database of *url*; None when there is none of that name."""
    with connected(url) as server, translate_driver_errors(server):
        return server.oid(url.name)


@dataclass(frozen=True, slots=True)
class LiveDatabase:
    """The database, or the schema, that a restore replaces, as far as it could be looked at."""

    oid: int | None = None
    """Its number; None when there is none of that name."""
    heads: tuple[str, ...] | None = None
    """None when they could not be read."""
    size_bytes: int | None = None
    sessions: Mapping[str, int] = field(default_factory=dict)
    """Those that will be cut off, by application."""
    last_run: LastRun | None = None
    origin: Origin | None = None
    """Its server."""
    replaced: ReplacedDatabase | None = None
    """The database that `--undo` puts back."""
    unseen: str = ""
    """Why it could not be looked at."""
    number_of: Callable[[DatabaseUrl], int | None] = number_of_database
    """Returns the number that it has now."""

    def require_unmoved(self, work: LockedWork) -> None:
        """Raise `Veto` when the database of *work* is not the one that was shown, as it was."""
        if self.unseen:
            return
        # The one that `--undo` puts back changes only together with this one, or is dropped.
        if self.oid != self.number_of(work.database_url):
            raise _moved("another restore has replaced the database since the question")
        if self.heads is not None and set(self.heads) != set(work.heads):
            was, now = (", ".join(heads) or "no revision" for heads in (self.heads, work.heads))
            raise _moved(f"another run has moved the database since the question: {was} to {now}")


def look_at_live(context: CommandContext) -> LiveDatabase:
    """Return the live database of *context*; a question is asked whatever cannot be seen."""
    url = context.database_url
    try:
        with connected(url) as server, translate_driver_errors(server):
            found = _around(server, url)
    except (TemporaryError, Veto) as error:
        return LiveDatabase(unseen=str(error).splitlines()[0])
    return found if found.oid is None else _inside(context, found)


def _around(server: Server, url: DatabaseUrl) -> LiveDatabase:
    """Return what the server knows of the database; no session of ours is in it yet."""
    name = url.name
    size = None
    with suppress(psycopg2.errors.InsufficientPrivilege, psycopg2.errors.InvalidCatalogName):
        size = int(server.fetch(_SIZE, name=name)[0][0])
    return LiveDatabase(
        oid=server.oid(name),
        size_bytes=size,
        sessions={str(row[0]): int(row[1]) for row in server.fetch(_SESSIONS, name=name)},
        origin=read_origin(server.fetch, url),
        replaced=_newest_replaced(server, name),
    )


def _inside(context: CommandContext, found: LiveDatabase) -> LiveDatabase:
    try:
        with context.inspect() as look:
            heads = look.current
            [(has_record,)] = look.fetch(_HAS_RECORD)
            rows = look.fetch(_LAST_RUN) if has_record else []
    except Exception as error:  # noqa: BLE001 - a restore is for databases that are broken
        _log.debug("the live database cannot be looked at: %s", type(error).__name__)
        return found
    runs = [LastRun(f"{row[0]} {row[1]}".strip(), row[2], float(row[3])) for row in rows]
    return replace(found, heads=heads, last_run=runs[0] if runs else None)


def _newest_replaced(server: Server, name: str) -> ReplacedDatabase | None:
    found = find_replaced(server, name)
    return found[0] if found else None


def _moved(reason: str) -> Veto:
    return Veto(f"{reason}; nothing was touched", _AGAIN, code="database_moved")
