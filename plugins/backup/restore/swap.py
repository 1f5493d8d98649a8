"""The swap of two databases' names: one short step that the server takes by itself.

The whole step is one DO block, so a client that is killed or loses its link in the middle does
not stop it. Measured in the server, from the first refused connection to the commit.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from sst.hooks import DatabaseUnreachableError, Veto

from ..postgres.maintenance_session import connected, open_server
from ..postgres.process import Deadline
from ..postgres.task import LateError, Task

if TYPE_CHECKING:
    from sst.hooks import DatabaseUrl

    from ..postgres.maintenance_session import Server

_log = logging.getLogger("sst.plugins.backup")

DEADLINE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
# The server's own waits beyond its deadline: CountOtherDBBackends waits five seconds.
_GRACE_SECONDS = 20.0
_RECONNECT_SECONDS = 15.0

# Settings of the session, so that nothing but the block itself ends the block.
_SETTINGS = (
    ("client_connection_check_interval", "0"),
    ("statement_timeout", "0"),
    ("transaction_timeout", "0"),
)

# The note on the database that is to be the live one is for a command that finds both closed: the
# core reads it (`sst.db.closed`), and `repair_swap` removes it.
#
# No new session begins once datallowconn is committed: one that began before holds a lock on the
# database object until it shows in pg_stat_activity, so no session falls between the two
# questions, in this order. pg_terminate_backend has a second argument that waits, in steps of a
# tenth of a second for each session: ten times as long.
_SWAP = """
DO $swap$
DECLARE
  live name := current_setting('sst.swap_live');
  fresh name := current_setting('sst.swap_fresh');
  kept name := current_setting('sst.swap_kept');
  databases oid[] := ARRAY(SELECT oid FROM pg_database WHERE datname IN (live, fresh));
  note text := concat('sst-swap ', json_build_object(
    'database', live, 'run', current_setting('sst.swap_run'), 'pid', pg_backend_pid(), 'since',
    to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
  comment text := (
    SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = fresh);
  may_end_all boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
  began timestamptz := clock_timestamp();
  until timestamptz := began + make_interval(
    secs => CAST(current_setting('sst.swap_seconds') AS double precision));
  failure text := '';
  is_left boolean := true;
  each name;
BEGIN
  EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', live);
  EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', fresh);
  EXECUTE format('COMMENT ON DATABASE %I IS %L', fresh, concat_ws(chr(10), note, comment));
  began := clock_timestamp();
  COMMIT;
  BEGIN
    WHILE is_left LOOP
      PERFORM pg_stat_clear_snapshot();
      PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datid = ANY (databases) AND pid <> pg_backend_pid()
          AND (may_end_all OR backend_type <> 'autovacuum worker');
      is_left := EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'object' AND pid <> pg_backend_pid()
          AND classid = CAST('pg_database' AS regclass) AND objid = ANY (databases));
      IF NOT is_left THEN
        PERFORM pg_stat_clear_snapshot();
        is_left := EXISTS (
          SELECT FROM pg_stat_activity WHERE datid = ANY (databases)
            AND pid <> pg_backend_pid()
            AND (may_end_all OR backend_type <> 'autovacuum worker'));
      END IF;
      IF is_left AND clock_timestamp() > until THEN
        RAISE EXCEPTION 'a session did not end: %', (
          SELECT string_agg(format('pid %s, %s, %s', pid, usename, application_name), '; ')
            FROM pg_stat_activity
            WHERE datid = ANY (databases) AND pid <> pg_backend_pid());
      END IF;
      IF is_left THEN
        PERFORM pg_sleep(0.001);
      END IF;
    END LOOP;
    EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, kept);
    EXECUTE format('ALTER DATABASE %I RENAME TO %I', fresh, live);
    EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', live);
    EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', kept);
    EXECUTE format('COMMENT ON DATABASE %I IS %L', live, comment);
  EXCEPTION WHEN others OR query_canceled THEN
    failure := sqlerrm;
    FOR each IN SELECT datname FROM pg_database WHERE oid = ANY (databases) LOOP
      EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', each);
      IF each = fresh THEN
        EXECUTE format('COMMENT ON DATABASE %I IS %L', fresh, comment);
      END IF;
    END LOOP;
  END;
  COMMIT;
  PERFORM set_config('sst.swap_ms', CAST(
    ceil(extract(epoch FROM clock_timestamp() - began) * 1000) AS text), false);
  PERFORM set_config('sst.swap_failure', failure, false);
END
$swap$
"""

_COMMENT = r"""
SELECT nullif(regexp_replace(
    shobj_description(oid, 'pg_database'), '^sst-swap \{{[^\n]*\}}\n?', ''), '')
  FROM pg_database WHERE datname = %(name)s
"""
_RESULT = "SELECT current_setting('sst.swap_ms'), current_setting('sst.swap_failure')"
_IS_RUNNING = """
SELECT 1 FROM pg_stat_activity
 WHERE pid = %(pid)s AND state = 'active' AND query LIKE '%%$swap$%%'
"""
_IS_SWAPPING = """
SELECT 1 FROM pg_stat_activity
 WHERE state = 'active' AND query LIKE '%$swap$%' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Names:
    """The three names of a swap."""

    live: str
    """The name that the application connects to."""
    fresh: str
    """The database that gets it."""
    replaced: str
    """The name under which the live one stays."""


def swap(
    url: DatabaseUrl,
    names: Names,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    run_id: str = "",
) -> int:
    """Give *names.live* to the database *names.fresh*; return the milliseconds without service.

    Sessions in both are ended, and waited for until *deadline_seconds* have passed. *url* names
    the server and the role, *run_id* whose swap it is.

    Raises `Veto` when it could not be done, and `DatabaseUnreachableError` when that is unknown:
    then the next command finds out. In all other cases both databases take connections again, and
    either both names have changed or none.
    """
    with connected(url) as server:
        began = time.monotonic()
        fresh = server.oid(names.fresh)
        _prepare(server, names, deadline_seconds, run_id)
        [(pid,)] = server.fetch("SELECT pg_backend_pid()")
        try:
            _execute(server, names, pid, Deadline(deadline_seconds + _GRACE_SECONDS))
            [(milliseconds, failure)] = server.fetch(_RESULT)
        except psycopg2.Error as error:
            if server.is_open and _still_answers(server):
                repair_swap(server, names.live, names.fresh)
                raise _not_swapped(names, server.reason(error)) from error
            _find_out(url, names, fresh, pid, Deadline(deadline_seconds + _GRACE_SECONDS))
            return round((time.monotonic() - began) * 1000)
    if failure:
        raise _not_swapped(names, failure)
    return int(milliseconds)


def repair_swap(server: Server, live: str, *siblings: str) -> bool:
    """Let connections in again where a swap was cut off by the end of its server process.

    A swap closes two databases in one commit: *live* and one of *siblings*. A live one that was
    closed on purpose is closed alone, and is left as it is.

    Returns whether there was anything to repair.
    """
    closed = [name for name in (live, *siblings) if _is_closed(server, name)]
    if live not in closed or len(closed) == 1 or server.fetch(_IS_SWAPPING):
        return False
    for name in closed:
        [(comment,)] = server.fetch(_COMMENT, name=name)
        server.execute("COMMENT ON DATABASE {} IS {}", name, sql.Literal(comment))
        server.execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)
    _log.warning(
        "an earlier swap was cut off: %s refused connections, and accepts them again", live
    )
    return True


def _is_closed(server: Server, name: str) -> bool:
    question = "SELECT 1 FROM pg_database WHERE datname = %(name)s AND NOT datallowconn"
    return bool(server.fetch(question, name=name))


def _prepare(server: Server, names: Names, deadline_seconds: float, run_id: str) -> None:
    values = (
        *_SETTINGS,
        ("lock_timeout", f"{deadline_seconds * 1000:.0f}"),
        ("sst.swap_run", run_id),
        ("sst.swap_live", names.live),
        ("sst.swap_fresh", names.fresh),
        ("sst.swap_kept", names.replaced),
        ("sst.swap_seconds", f"{deadline_seconds:.3f}"),
    )
    for name, value in values:
        # transaction_timeout is of PostgreSQL 17, the check of the connection of 14.
        with suppress(psycopg2.errors.UndefinedObject):
            server.execute("SELECT set_config(%(name)s, %(value)s, false)", name=name, value=value)


def _still_answers(server: Server) -> bool:
    with suppress(psycopg2.Error):
        server.fetch("SELECT 1")
        return True
    return False


def _execute(server: Server, names: Names, pid: int, deadline: Deadline) -> None:
    """Let the server swap; one whose process is stopped in it would never come back."""
    try:
        with Task("the swap", lambda: server.execute(_SWAP)) as task:
            task.result(deadline)
    except LateError:
        raise _not_over(names, pid, deadline) from None


def _find_out(
    url: DatabaseUrl, names: Names, fresh: int | None, pid: int, deadline: Deadline
) -> None:
    """Return when the swap was done although the link broke; raise `Veto` when it was not."""
    _log.warning("the connection was lost during the swap; looking at what the server did")
    with closing(_reconnect(url)) as server:
        while server.fetch(_IS_RUNNING, pid=pid):
            if not deadline.left:
                raise _not_over(names, pid, deadline)
            time.sleep(_PAUSE_SECONDS)
        repair_swap(server, names.live, names.fresh, names.replaced)
        if server.oid(names.live) != fresh:
            raise _not_swapped(names, "the connection was lost")


def _reconnect(url: DatabaseUrl) -> Server:
    end = time.monotonic() + _RECONNECT_SECONDS
    while True:
        try:
            return open_server(url)
        except DatabaseUnreachableError:
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE_SECONDS)


def _not_over(names: Names, pid: int, deadline: Deadline) -> DatabaseUnreachableError:
    return DatabaseUnreachableError(
        what=f"{names.live} and {names.fresh} are not swapped after {deadline.seconds:g} s.",
        why=f"until the server process {pid} ends it, {names.live} refuses connections",
        next_step=f"SELECT pg_terminate_backend({pid}), then `python migrate.py repair`",
    )


def _not_swapped(names: Names, why: str) -> Veto:
    return Veto(
        f"the databases {names.live} and {names.fresh} did not change names: {why}",
        "the live database is as it was and takes connections; correct the cause, then try again",
    )
