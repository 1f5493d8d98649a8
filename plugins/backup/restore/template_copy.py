"""The template copy: a file-level copy of the database, for a restore in an instant."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import DatabaseUnreachableError, Veto

from ..postgres import marks
from ..postgres.client_environment import APPLICATION_NAME
from ..postgres.database_session import reason_of
from ..postgres.maintenance_session import connected
from ..postgres.name_properties import read_properties
from .database_names import find_template_copies, template_copy_name
from .preflight import free_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from sst.hooks import DatabaseUrl, Run

    from ..manifest.manifest import Manifest
    from ..postgres.maintenance_session import Server

_log = logging.getLogger("sst.plugins.backup")

_STRATEGIES = 150000
_SESSIONS_END_SECONDS = 2.0
_PAUSE_SECONDS = 0.01
CLOSED = frozenset({APPLICATION_NAME, "sst-inspect", "sst-plan", "sst-probe"})
"""Sessions of the dump and of the looks of the run: closed, and on a busy server seen longer."""
_SESSIONS = """
SELECT pid, COALESCE(application_name, ''), COALESCE(CAST(usename AS text), backend_type)
  FROM pg_stat_activity WHERE datname = %(name)s AND backend_type <> 'autovacuum worker'
   AND application_name NOT LIKE '%%' || %(run)s
"""
_SIZE = "SELECT pg_database_size(CAST(%(name)s AS name))"


def keep_copy(run: Run, backup_id: str) -> str | None:
    """Copy the database of *run* beside it and return the copy's name; None when it cannot be.

    The dump stands in any case: an obstacle to the copy is a warning, no refusal.
    CREATE DATABASE ... TEMPLATE needs a database without sessions, so the run steps aside.
    The copy accepts no connections, so it stays as it is. An earlier copy is dropped.

    Raises what the run raises when it cannot come back: then it must not go on.
    """
    url = run.database_url
    copy = template_copy_name(url.name, backup_id)
    obstacle = _obstacle(url, lambda server: _look(server, url.name, run.id))
    if not obstacle:
        with run.aside():
            obstacle = _obstacle(url, lambda server: _copy_alone(server, url.name, copy))
    if obstacle:
        _log.warning(
            "no template copy of %s, the dump alone is the backup: %s", url.name, obstacle
        )
        return None
    return copy


def copy_of(server: Server, live: str, manifest: Manifest) -> str | None:
    """Return the template copy of the backup *manifest*; None when there is none any more."""
    name = manifest.snapshot or template_copy_name(live, manifest.id)
    return name if name in find_template_copies(server, live) else None


@contextlib.contextmanager
def taken(server: Server, copy: str, fresh: str) -> Iterator[None]:
    """Have the template copy under the name *fresh*, open, for the body; it becomes the database.

    When the body raises, it is a template copy again, under its own name and closed.
    """
    _rename(server, copy, fresh, is_open=True)
    try:
        yield
    except BaseException:
        with contextlib.suppress(psycopg2.Error):
            _rename(server, fresh, copy, is_open=False)
        raise


def find_orphans(server: Server, live: str, backup_ids: Iterable[str]) -> list[str]:
    """Return the template copies of *live* that belong to none of the backups."""
    wanted = {template_copy_name(live, backup_id) for backup_id in backup_ids}
    return [name for name in find_template_copies(server, live) if name not in wanted]


def _obstacle(url: DatabaseUrl, step: Callable[[Server], None]) -> str:
    """Do *step* on the server; return why it could not be done, or nothing."""
    try:
        with connected(url) as server:
            step(server)
    except (psycopg2.Error, Veto, DatabaseUnreachableError) as error:
        return reason_of(url, error)
    return ""


def _look(server: Server, live: str, run_id: str) -> None:
    _require_room(server, live)
    require_alone(server, live, run_id, _SESSIONS_END_SECONDS, awaited=CLOSED)


def _copy_alone(server: Server, live: str, copy: str) -> None:
    require_alone(server, live, "", _SESSIONS_END_SECONDS)
    _copy(server, live, copy)
    # Each is as large as the database: one is kept.
    for name in find_template_copies(server, live):
        if name != copy:
            server.drop_or_warn(name)


def _require_room(server: Server, live: str) -> None:
    [(size,)] = server.fetch(_SIZE, name=live)
    free = free_bytes(server, read_properties(server, live).tablespace)
    if free is not None and free < size:
        raise Veto(f"its {size} bytes do not fit into the {free} bytes free on the server's disk")


def require_alone(
    server: Server, live: str, run_id: str, wait_seconds: float, awaited: Collection[str] = ()
) -> None:
    """Wait until only the run *run_id* has sessions on *live*; raise `Veto` that names others.

    Where applications are *awaited* nothing but their sessions is waited for.
    """
    end = time.monotonic() + wait_seconds
    while others := server.fetch(_SESSIONS, name=live, run=run_id or "\n"):
        is_hopeless = awaited and any(each not in awaited for _, each, _ in others)
        if is_hopeless or time.monotonic() >= end:
            names = (f"{pid} ({application or user})" for pid, application, user in others)
            raise Veto(f"other sessions are on it: {', '.join(names)}")
        time.sleep(_PAUSE_SECONDS)


def _copy(server: Server, live: str, copy: str) -> None:
    """Copy the files; from 15 on that must be asked for, or WAL would hold them all."""
    strategy = "STRATEGY file_copy" if server.version >= _STRATEGIES else ""
    began = time.monotonic()
    statement = f"CREATE DATABASE {{}} TEMPLATE {{}} {strategy} ALLOW_CONNECTIONS false {{}}"
    server.execute(statement, copy, live, marks.born_with(copy))
    marks.put(server, copy)
    _log.info("template copy %s made in %.1f s", copy, time.monotonic() - began)


def _rename(server: Server, old: str, new: str, *, is_open: bool) -> None:
    with server.transaction():
        server.execute("ALTER DATABASE {} RENAME TO {}", old, new)
        server.execute(f"ALTER DATABASE {{}} ALLOW_CONNECTIONS {is_open}", new)
        marks.put(server, new)
