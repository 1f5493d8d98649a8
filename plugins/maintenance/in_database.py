"""The flag in the database: an advisory lock, held by a session that ends when nobody renews it.

A lock leaves nothing behind: no table to create, to grant or to find as drift, and no row of a run
that died. The server drops it when the run's process dies, and, by `idle_session_timeout`, when it
is only silent: stopped, or on a machine that is gone.
The lock is a shared one, so that several runs can hold it; the application only reads `pg_locks`,
which every role may, in any session that a pooler lends.
Source: PostgreSQL manual, 13.3.5 "Advisory Locks", and 20.11.1, `idle_session_timeout` (14).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg2

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

    from sst.hooks import DatabaseUrl

# "sst" and "mntn" as numbers; two keys, so that no lock of a run (one key) is ever the same.
_KEYS = (0x737374, 0x6D6E746E)
_PLACE = "the database"
_CONNECT_SECONDS = 5
_STATEMENT_MS = 5000
_NOTICE_A_DEAD_NETWORK = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_IS_UP = """
SELECT EXISTS (
  SELECT FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


class DatabaseFlag:
    """The lock of one run, in a session of its own on *url*; it ends *ttl_seconds* after a call.

    *run_id* is in the session's name.
    """

    place = _PLACE

    def __init__(self, url: DatabaseUrl, run_id: str, ttl_seconds: float) -> None:
        self._url = url
        self._name = f"sst-maintenance {run_id}"
        self._ttl_ms = int(ttl_seconds * 1000)
        self._session: Connection | None = None

    def keep_up(self) -> None:
        """Show that the run lives, on a new session where the old one is gone."""
        if self._session is not None:
            try:
                _ask(self._session, "SELECT 1")
            except psycopg2.Error:
                self.take_down()
        if self._session is None:
            self._session = _connect(self._url, self._name)
            _ask(self._session, "SET statement_timeout = %s", _STATEMENT_MS)
            _ask(self._session, "SELECT pg_try_advisory_lock_shared(%s, %s)", *_KEYS)
            _ask(self._session, "SET idle_session_timeout = %s", self._ttl_ms)

    def take_down(self) -> None:
        """End the session, and the lock with it."""
        session, self._session = self._session, None
        if session is not None:
            session.close()


class DatabaseLook:
    """A question to the locks of the database that *url* returns, on one connection."""

    place = _PLACE

    def __init__(self, url: Callable[[], DatabaseUrl]) -> None:
        self._url = url
        self._session: Connection | None = None

    def is_up(self) -> bool:
        """Ask whether some session has the lock. Raises `psycopg2.Error`."""
        if self._session is None:
            self._session = _connect(self._url(), "sst-maintenance")
        return bool(_ask(self._session, _IS_UP, *_KEYS))

    def close(self) -> None:
        """End the connection."""
        session, self._session = self._session, None
        if session is not None:
            session.close()


def _connect(url: DatabaseUrl, application_name: str) -> Connection:
    bounds: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, **_NOTICE_A_DEAD_NETWORK}
    named = {**bounds, **url.for_connect(application_name=application_name)}
    session: Connection = psycopg2.connect(**named)
    # No transaction: a session at rest holds nothing, and a pooler has it back at once.
    session.autocommit = True
    return session


def _ask(session: Connection, statement: str, *values: object) -> object:
    """Return the first value of *statement*, None when it returns nothing."""
    with session.cursor() as cursor:
        cursor.execute(statement, values or None)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None
