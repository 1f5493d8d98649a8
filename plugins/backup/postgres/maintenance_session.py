"""The server around the databases: a connection to its maintenance database."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql

from sst.hooks import DatabaseUnreachableError, TemporaryError, Veto

from . import marks
from .client_environment import APPLICATION_NAME
from .database_session import asked, close, reason_of
from .process import Deadline
from .task import LateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

    from sst.hooks import DatabaseUrl

_log = logging.getLogger("sst.plugins.backup")
_DATABASES = ("postgres", "template1")
_CONNECT_SECONDS = 10
# It stays open through a whole restore, and waits for nothing for ever: a lock on a database
# object is held for moments, if at all.
_SESSION = (("statement_timeout", "0"), ("idle_session_timeout", "0"), ("lock_timeout", "10s"))
_DROP_SECONDS = 30.0
_TO_DROP = "drop it with `python migrate.py backup prune`"
# A name is cut at NAMEDATALEN - 1 bytes, silently; PostgreSQL manual, 4.1.1.
LONGEST_NAME_BYTES = 63


class Server:
    """An open connection, in autocommit, to another database of the same server."""

    def __init__(self, connection: Connection, url: DatabaseUrl) -> None:
        self._connection = connection
        self._url = url

    @property
    def maintenance_url(self) -> DatabaseUrl:
        """The maintenance database that this connection is to."""
        return self._url.with_database(self._connection.info.dbname)

    @property
    def version(self) -> int:
        """The server's version as a number: 180004 is 18.4."""
        return self._connection.server_version

    @property
    def is_open(self) -> bool:
        """Whether the connection still stands, as far as it knows."""
        return not self._connection.closed

    def execute(
        self, statement: str | sql.Composable, *names: str | sql.Composable, **parameters: Any
    ) -> None:
        """Run *statement*; `{}` in it stands for the next of *names*, quoted as an identifier.

        In *names*, anything but a plain text has its own quoting.
        Raises `psycopg2.Error`.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(_composed(statement, names), parameters or None)

    def fetch(
        self, question: str | sql.Composable, *names: str | sql.Composable, **parameters: Any
    ) -> list[tuple[Any, ...]]:
        """Return the rows of *question*; *names* and *parameters* as in `execute`."""
        with self._connection.cursor() as cursor:
            cursor.execute(_composed(question, names), parameters or None)
            return list(cursor.fetchall())

    @contextlib.contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """Run the body in one transaction; without *keep* it is a rehearsal, rolled back."""
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT" if keep else "ROLLBACK")

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a lock of this maintenance database for the body; it goes with the connection.

        Raises `TemporaryError` when another session holds it.
        """
        [(is_held,)] = self.fetch(
            "SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0))", name=name
        )
        if not is_held:
            raise TemporaryError(
                what="Another restore is running.",
                why=f"it holds the lock {name!r} on {self.maintenance_url}",
                next_step="try again when it has finished",
            )
        try:
            yield
        finally:
            with contextlib.suppress(psycopg2.Error):
                self.fetch("SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0))", name=name)

    def oid(self, name: str) -> int | None:
        """Return the number of the database *name*, which stays when it is renamed."""
        rows = self.fetch("SELECT oid FROM pg_database WHERE datname = %(name)s", name=name)
        return int(rows[0][0]) if rows else None

    def names(self, pattern: str) -> list[str]:
        """Return the databases whose names match the regular expression *pattern*, by name."""
        question = "SELECT datname FROM pg_database WHERE datname ~ %(pattern)s ORDER BY datname"
        return [str(row[0]) for row in self.fetch(question, pattern=pattern)]

    def drop(self, name: str) -> None:
        """Drop the database *name* if there is one, and end the sessions that linger in it."""
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _drop_ours(self, name: str) -> bool:
        """Drop the database *name* when it has our mark; see `marks.drop`.

        Every process of the server must let go of its files: one that is stopped never does.
        Raises `psycopg2.Error`, and `Veto` after half a minute.
        """
        deadline = Deadline(_DROP_SECONDS)
        try:
            return asked(self.maintenance_url, lambda session: marks.drop(session, name), deadline)
        except LateError:
            raise Veto(
                f"{name} was not dropped within {_DROP_SECONDS:g} s: a process of the server does"
                " not react",
                f"{_TO_DROP}, when that process has ended",
            ) from None

    def drop_or_warn(self, name: str) -> bool:
        """Drop the database *name*; a warning says why it stays. Return whether it is gone."""
        try:
            return self._drop_ours(name)
        except (psycopg2.Error, Veto) as error:
            _log.warning("%s stays: %s; %s", name, self.reason(error), _TO_DROP)
            return False

    def drop_or_explain(self, name: str) -> str:
        """Drop the database *name*; return why it stays, or nothing."""
        try:
            return "" if self._drop_ours(name) else marks.left_alone(name)
        except (psycopg2.Error, Veto) as error:
            return f"{name} stays: {self.reason(error)}"

    def close(self) -> None:
        """Close the connection, also when a frozen server keeps another thread in it."""
        close(self._connection)

    def reason(self, error: BaseException) -> str:
        """Return the first line of *error*, without a secret."""
        return reason_of(self._url, error)


@contextlib.contextmanager
def connected(url: DatabaseUrl) -> Iterator[Server]:
    """Connect to the maintenance database of *url*'s server: never to the database itself.

    That is `postgres`, else `template1`; a database is renamed only from another one.

    Raises `DatabaseUnreachableError` when the server does not answer, and `Veto` when it does but
    lets this role into neither.
    """
    server = open_server(url)
    try:
        yield server
    finally:
        server.close()


def open_server(url: DatabaseUrl) -> Server:
    """Return what `connected` gives to its body; the caller closes it."""
    refusals: list[str] = []
    for name in _DATABASES:
        if name != url.name:
            try:
                return Server(_connect(url.with_database(name)), url)
            except psycopg2.OperationalError as error:
                refusals.append(reason_of(url, error))
    if all("FATAL" in refusal and "database" in refusal for refusal in refusals):
        raise Veto(
            f"a database is renamed from another one, and this role can use none: {refusals[0]}",
            f"GRANT CONNECT ON DATABASE {_DATABASES[0]} TO the role of migrations",
        )
    raise DatabaseUnreachableError(
        what=f"The server of {url} cannot be reached.",
        why=refusals[0],
        next_step="check the database URL and that the server runs, then try again",
    )


def accepts_connections(url: DatabaseUrl) -> bool:
    """Say whether the database of *url* accepts a connection."""
    try:
        _connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


@contextlib.contextmanager
def translate_driver_errors(server: Server) -> Iterator[None]:
    """Raise a refusal of the server in the body as an error that a person can read."""
    try:
        yield
    except psycopg2.Error as error:
        if not server.is_open or isinstance(error, psycopg2.InterfaceError):
            raise DatabaseUnreachableError(
                what="The connection to the server was lost.",
                why=server.reason(error),
                next_step="run the command again; the live database is as it was",
            ) from error
        raise Veto(
            f"the server refused: {server.reason(error)}",
            "the live database is as it was; correct the cause, then try again",
        ) from error


def _connect(url: DatabaseUrl) -> Connection:
    defaults = {"connect_timeout": _CONNECT_SECONDS, "keepalives_idle": 30}
    named = {**defaults, **url.for_connect(application_name=APPLICATION_NAME)}
    connection: Connection = psycopg2.connect(**named)
    connection.autocommit = True
    with connection.cursor() as cursor:
        # In the maintenance database, too, others may have made functions; see `Session`.
        cursor.execute("SET search_path = pg_catalog")
        for name, value in _SESSION:
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    return connection


def _composed(
    statement: str | sql.Composable, names: tuple[str | sql.Composable, ...]
) -> sql.Composable:
    if not isinstance(statement, str):
        return statement
    parts = [sql.Identifier(name) if isinstance(name, str) else name for name in names]
    return sql.SQL(statement).format(*parts)
