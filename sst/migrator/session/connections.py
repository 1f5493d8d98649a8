"""Connections of the migrator: opened with a clear error, and never left in a transaction."""

from __future__ import annotations

import contextlib
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.util import LRUCache

from sst.command_line import named_target
from sst.db.closed import find_closed, find_replaced
from sst.db.connect_advice import connect_advice
from sst.db.engine import create_direct_engine
from sst.errors import (
    ConfigError,
    DatabaseClosedError,
    DatabaseUnreachableError,
    Problem,
    SstError,
)
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection, Dialect, Engine

    from sst.bridge import EnvFacts
    from sst.db.url import DatabaseUrl
    from sst.migrator.values.context import Context

OLDEST_SERVER = 140000
_APPLICATION_NAME_BYTES = 63

_KEPT_ENGINES = 16
_KEPT_STATEMENTS = 500
_TOLD = (bool, int, str, tuple, type(None))
"""The types of what a dialect has found out about its server."""

_NO_DATABASE = "does not exist"
# A default of the role or the server may end a session that pauses between two attempts, or in
# which a revision thinks between two statements, and the lock with it.
# The last is new in PostgreSQL 17.
_NO_TIMEOUTS = text("""
    select set_config(name, '0', false) from pg_settings where name in
        ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
""")


class _Compiled(LRUCache[Any, Any]):
    """Compiled statements of all databases: one serves all dialects that would compile it alike.

    SQLAlchemy's own cache is of one dialect, which each engine has anew.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._kinds: WeakKeyDictionary[Dialect, tuple[object, ...]] = WeakKeyDictionary()

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 - as SQLAlchemy calls it
        """Return what was compiled for *key*, whose first part is the dialect."""
        return super().get(self._shared(*key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:  # noqa: ANN401
        """Keep what was *compiled* for *key*."""
        super().__setitem__(self._shared(*key), compiled)

    def _shared(self, dialect: Dialect, *statement: object) -> tuple[object, ...]:
        # A dialect that compiles for one of our connections has met its server before.
        if dialect not in self._kinds:
            self._kinds[dialect] = _kind_of(dialect)
        return (self._kinds[dialect], *statement)


def _kind_of(dialect: Dialect) -> tuple[object, ...]:
    """Return all that *dialect* was told, and has found out about its server and the database.

    What it works out from that itself, at its first use, is left out.
    """
    kind = type(dialect)
    told = (
        (name, value)
        for name, value in vars(dialect).items()
        if isinstance(value, _TOLD) and not hasattr(getattr(kind, name, None), "__get__")
    )
    return (kind, *sorted(told))


_COMPILED = _Compiled(_KEPT_STATEMENTS)


@contextlib.contextmanager
def open_connection(
    context: Context,
    application_name: str,
    *,
    autocommit: bool = False,
    hstore: bool = False,
    runs_revisions: bool = False,
) -> Iterator[Connection]:
    """Yield a connection of its own to the migration database; close it afterwards.

    With *hstore*, for statements of plugins and revisions, rows have that type as dictionaries.
    Where it *runs_revisions*, nothing is taken over from other databases: the types of a column
    may differ from one to the next.
    Raises `DatabaseUnreachableError`, or `ConfigError` when trying again cannot help.
    """
    name, seconds = application_name[:_APPLICATION_NAME_BYTES], context.connect_timeout_seconds
    with connected(_engine(context.url, name, seconds, autocommit, hstore), context.url) as opened:
        yield opened if runs_revisions else opened.execution_options(compiled_cache=_COMPILED)


@contextlib.contextmanager
def connected(engine: Engine, url: DatabaseUrl) -> Iterator[Connection]:
    """Yield a connection of *engine*, which leads to *url*; close it afterwards.

    Raises what `open_connection` raises.
    """
    connection = _connect(engine.connect, url)
    try:
        yield connection
    finally:
        # A session that died in the run cannot be closed politely.
        with contextlib.suppress(SQLAlchemyError):
            connection.close()


@lru_cache(maxsize=_KEPT_ENGINES)
def _engine(
    url: DatabaseUrl,
    application_name: str,
    connect_timeout: int,
    autocommit: bool,  # noqa: FBT001 - a part of the key
    hstore: bool,  # noqa: FBT001
) -> Engine:
    """Return the one engine of its kind: each new one asks the server who it is.

    It has no pool, so that nothing of it stays open.
    """
    return create_direct_engine(
        url,
        application_name=application_name,
        connect_timeout=connect_timeout,
        autocommit=autocommit,
        hstore=hstore,
    )


def refuse_old_server(connection: Connection) -> None:
    """Raise `ConfigError` below PostgreSQL 14: it does not notice a killed client."""
    version = int(connection.execute(text("show server_version_num")).scalar_one())
    connection.commit()
    if version < OLDEST_SERVER:
        problem = Problem(
            "DATABASE_URL",
            f"the server is PostgreSQL {version // 10000}",
            hint="use PostgreSQL 14 or newer",
        )
        raise ConfigError([problem])


def prepare_session(connection: Connection) -> int:
    """Set what keeps a dead run from holding locks; return the server process's number."""
    try:
        connection.execute(_NO_TIMEOUTS)
        connection.commit()
        connection.execute(text("set client_connection_check_interval = '500ms'"))
        connection.commit()
    except DBAPIError:
        # Not every operating system can watch a socket this way; manual, 20.3.2.
        connection.rollback()
    pid = int(connection.execute(text("select pg_backend_pid()")).scalar_one())
    connection.commit()
    return pid


def refuse_other_database(facts: EnvFacts, url: DatabaseUrl) -> None:
    """Raise `ConfigError` when env.py leads elsewhere than *url*."""
    if not facts.same_database:
        raise ConfigError(
            [
                Problem(
                    "env.py",
                    f"connects to another database than {url}",
                    hint="let it read sqlalchemy.url or config.attributes['connection']",
                )
            ]
        )


def backend_start(connection: Connection) -> datetime:
    """Return when the session of *connection* began."""
    query = text("select backend_start from pg_stat_activity where pid = pg_backend_pid()")
    started: datetime = connection.execute(query).scalar_one()
    connection.commit()
    return started


def database_number(connection: Connection) -> int:
    """Return the number of the database, which a name that is given to another does not keep."""
    query = text("select oid from pg_database where datname = current_database()")
    return int(connection.execute(query).scalar_one())


def _connect(connect: object, url: DatabaseUrl) -> Connection:
    began = time.monotonic()
    try:
        return connect()  # type: ignore[operator,no-any-return]
    except DBAPIError as error:
        cause = first_line(error)
    waited_seconds = time.monotonic() - began
    # Servers have their own language; what is said of a database has its name in it.
    found = (_closed(cause, url) if url.name in cause else None) or _translated(cause, url)
    if isinstance(found, DatabaseUnreachableError):
        found.waited_seconds = waited_seconds
    raise found


def _closed(cause: str, url: DatabaseUrl) -> SstError | None:
    """Return what the server around the database knows of *cause*."""
    found = find_closed(url)
    if found:
        why = f"{found.why} ({cause})"
        error = DatabaseClosedError(what=found.what, why=why, next_step=found.next_step)
        error.dead_swap = found.dead_swap
        return error
    kept = find_replaced(url) if _NO_DATABASE in cause else None
    if kept is None:
        return None
    hint = f"{kept} is there, which a restore has replaced: `python migrate.py restore latest`"
    problem = Problem(_said_by(), f"is refused: {cause}", hint=f"{hint} makes it anew")
    return ConfigError([problem], next_step="bring the database back, or correct the name")


def _said_by() -> str:
    """Return the name of what says which database it is."""
    return f"url of {named_target()}" if named_target() else "DATABASE_URL"


def _translated(cause: str, url: DatabaseUrl) -> SstError:
    advice = connect_advice(cause, url)
    if advice.is_vain:
        return ConfigError(
            [Problem(_said_by(), f"is refused: {cause}", hint=advice.text)],
            next_step="correct what is listed, then run `python migrate.py check`",
        )
    return DatabaseUnreachableError(
        what=f"Cannot connect to {url}.",
        why=cause,
        next_step=f"{advice.text}, then try again",
    )
