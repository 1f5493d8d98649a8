"""A connection of our own to a database, made so that it holds no locks for a dead run."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import psycopg2

from sst.hooks import ThreadedWork, first_line

from .client_environment import APPLICATION_NAME
from .task import LateError, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class
    from psycopg2.sql import Composable

    from sst.hooks import DatabaseUrl

    from .process import Deadline

# As the core's own connections: a dead network is noticed within a minute. Manual, 34.1.2.
_DEFAULTS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_CLOSE_SECONDS = 2.0
# A default of the role would end what has a deadline of its own: CREATE DATABASE, a session that
# holds a lock and waits.
_OURS = "SET search_path = pg_catalog; SET statement_timeout = 0; SET idle_session_timeout = 0"
_T = TypeVar("_T")
Parameters = tuple[Any, ...] | dict[str, Any] | None


class Readable(Protocol):
    """What rows are read from."""

    def read(self, size: int, /) -> bytes:
        """Return about *size* bytes, none at the end."""


class Session:
    """One connection in autocommit; its statements are plain SQL, its rows tuples.

    Functions and operators are those of the server: one of another role, in a schema of the search
    path, would run with the rights of this role (CVE-2018-1058).
    """

    def __init__(self, url: DatabaseUrl) -> None:
        self._url = url
        self._connection = _connect(url)
        self._cursor: Cursor = self._connection.cursor()
        self.execute(_OURS)
        self.is_watched = self._watch_client()

    @property
    def server_major(self) -> int:
        """The server's major version."""
        return self._connection.server_version // 10_000

    def execute(self, statement: str | bytes | Composable, parameters: Parameters = None) -> None:
        """Run *statement*; raise `psycopg2.Error` when it fails."""
        self._cursor.execute(statement, parameters)

    def fetch(
        self, question: str | Composable, parameters: Parameters = None
    ) -> list[tuple[Any, ...]]:
        """Return the rows of *question*; raise `psycopg2.Error` when it fails."""
        self._cursor.execute(question, parameters)
        return list(self._cursor.fetchall())

    def copy(self, statement: bytes, rows: Readable) -> None:
        """Run the COPY FROM stdin *statement* with *rows*; raise `psycopg2.Error`."""
        self._cursor.copy_expert(statement, rows)  # type: ignore[arg-type] # it only reads

    def analyze(self) -> None:
        """Let the planner know the tables; functions of indexes have their search path back.

        The server runs those as the table's owner.
        """
        self.execute("RESET search_path")
        self.execute("ANALYZE")

    def cancel(self) -> None:
        """Let the statement that another thread is waiting for fail."""
        self._connection.cancel()

    def close(self) -> None:
        """Close the connection, and give up when a frozen server keeps another thread in it."""
        close(self._connection)

    def reason(self, error: BaseException) -> str:
        """Return the first line of *error*, without a secret."""
        return reason_of(self._url, error)

    def _watch_client(self) -> bool:
        """Let the server notice that we are gone; not every one can (manual, 20.3.2)."""
        try:
            self.execute("SET client_connection_check_interval = '500ms'")
        except psycopg2.Error:
            return False
        return True


@contextlib.contextmanager
def connected(url: DatabaseUrl) -> Iterator[Session]:
    """Connect to the database of *url*; close the connection at the end.

    Raises `psycopg2.Error` when it cannot.
    """
    session = Session(url)
    try:
        yield session
    finally:
        session.close()


def asked(url: DatabaseUrl, question: Callable[[Session], _T], deadline: Deadline) -> _T:
    """Return what *question* answers on a connection of its own to the database of *url*.

    It runs in a thread: a signal ends the waiting at once, and the statement with it.

    Raises what *question* raises, `psycopg2.Error`, and `LateError` at the *deadline*.
    """
    opened: list[Session] = []
    is_unwanted = threading.Event()

    def ask() -> _T:
        with connected(url) as session:
            opened.append(session)
            if is_unwanted.is_set():
                raise LateError(f"asking {url.name}", deadline.seconds)
            return question(session)

    def cancel() -> None:
        # A question that has not begun must not begin: nothing would clear up its results.
        is_unwanted.set()
        opened[0].cancel()

    with Task(f"asking {url.name}", ask, cancel) as task:
        return task.result(deadline)


def close(connection: Connection) -> None:
    """Close *connection*; leave it to a thread when another one waits in it for the server."""
    ThreadedWork(connection.close).start().failure(_CLOSE_SECONDS)


def reason_of(url: DatabaseUrl, error: BaseException) -> str:
    """Return the first line of *error*, without a secret of *url*."""
    return first_line(url.redact(str(error)), type(error).__name__)


def _connect(url: DatabaseUrl) -> Connection:
    named = {**_DEFAULTS, **url.for_connect(application_name=APPLICATION_NAME)}
    connection: Connection = psycopg2.connect(**named)
    connection.autocommit = True
    # Names of tables may be in any alphabet, whatever the URL asks for.
    connection.set_client_encoding("UTF8")
    return connection
