"""Engines: the application's, with a pool, and the direct one that migrations and checks use.

And the short way to one row of an answer, over the driver of the direct one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Engine

    from sst.config import Settings
    from sst.db.url import DatabaseUrl

_DRIVER = "psycopg2"
_SCHEMA = "sst_schema"
# A network that drops packets is noticed within a minute, not when the kernel gives up (two
# hours idle, a quarter of an hour sending). PostgreSQL manual, 34.1.2; ignored on a socket.
_NOTICE_A_DEAD_NETWORK = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def create_app_engine(settings: Settings, url: DatabaseUrl) -> Engine:
    """Return the application's engine on *url*; it connects at its first use.

    `db_pool_size` and `db_max_overflow` count connections; `db_pool_timeout` (seconds to wait for
    a free one), `db_pool_recycle` (seconds until one is replaced, -1 for never) and
    `db_connect_timeout` (whole seconds per host, 0 for ever) are
    durations. `sql_echo` goes through logging, never to stdout, not at all where protected; the
    parameters of a failing statement are shown in its error only with `debug`, never there.
    """
    from sqlalchemy import create_engine

    from sst.db.pool.measured import MeasuredPool

    echo = settings.sql_echo and not settings.protected
    if echo:
        _keep_echo_off_stdout()
    return create_engine(
        url.for_psycopg2(),
        echo=echo,
        poolclass=MeasuredPool,
        hide_parameters=settings.protected or not settings.debug,
        pool_size=settings.db_pool_size,
        max_overflow=settings.db_max_overflow,
        pool_timeout=settings.db_pool_timeout,
        pool_recycle=settings.db_pool_recycle,
        pool_pre_ping=settings.db_pool_pre_ping,
        connect_args=_unless_in_url(
            url,
            application_name="sst",
            connect_timeout=settings.db_connect_timeout,
            **_NOTICE_A_DEAD_NETWORK,
        ),
    )


def create_direct_engine(
    url: DatabaseUrl,
    *,
    application_name: str,
    connect_timeout: int,
    autocommit: bool = False,
    hide_parameters: bool = True,
    hstore: bool = True,
) -> Engine:
    """Return an engine without a pool: each connection is opened for its use and then closed.

    *application_name* is what `pg_stat_activity` shows, whatever the URL says: it names the
    holder of a lock. *connect_timeout* is in seconds per host; the URL's own wins.
    With *autocommit* no transaction is opened, so a connection at rest holds nothing.
    Without *hstore* psycopg2 reads that type as text, and no connection asks for its number first.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    isolation: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
    return create_engine(
        url.for_psycopg2(),
        poolclass=NullPool,
        hide_parameters=hide_parameters,
        use_native_hstore=hstore,
        connect_args=_direct(url, application_name, connect_timeout),
        execution_options={_SCHEMA: url.schema},
        **isolation,
    )


def own_schema(connection: Connection) -> str:
    """Return the one schema that *connection*, of such an engine, is for; empty for all of them.

    A connection that env.py has made by itself says nothing of it.
    """
    return str(connection.get_execution_options().get(_SCHEMA, ""))


def direct_keywords(
    url: DatabaseUrl, *, application_name: str, connect_timeout: int
) -> dict[str, Any]:
    """Return the keywords with which psycopg2 connects as such an engine does, all of them."""
    return url.for_connect(**_direct(url, application_name, connect_timeout))


def _direct(url: DatabaseUrl, application_name: str, connect_timeout: int) -> dict[str, Any]:
    arguments = _unless_in_url(url, connect_timeout=connect_timeout, **_NOTICE_A_DEAD_NETWORK)
    return {**arguments, "application_name": application_name}


def _unless_in_url(url: DatabaseUrl, **defaults: Any) -> dict[str, Any]:
    """Return *defaults* without those that the operator wrote into the URL."""
    given = url.for_psycopg2().query
    return {name: value for name, value in defaults.items() if name not in given}


def _keep_echo_off_stdout() -> None:
    """Give SQLAlchemy's logger a handler, else `echo` installs one that prints to stdout."""
    logger = logging.getLogger("sqlalchemy.engine.Engine")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def one_row(
    connection: Connection, sql: str, values: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    """Return the row that *sql*, in the driver's spelling, has on *connection*.

    It spares what SQLAlchemy does around a statement, which takes longer than a small one itself.
    No listener hears of it. Begins no transaction that SQLAlchemy would not know of: where none is
    open, and with any driver but psycopg2, SQLAlchemy sends it.
    Raises what `exec_driver_sql` raises.
    """
    if not _is_for_driver(connection):
        return tuple(connection.exec_driver_sql(sql, values).one())
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, values)
        row: Any = cursor.fetchone()
    except connection.dialect.loaded_dbapi.Error as error:
        # As SQLAlchemy has it: a connection that is lost is known to be.
        connection._handle_dbapi_exception(error, sql, values, cursor, None)  # noqa: SLF001
    finally:
        cursor.close()
    return tuple(row)


def _is_for_driver(connection: Connection) -> bool:
    if connection.closed or connection.dialect.driver != _DRIVER:
        return False
    is_autocommit = connection._is_autocommit_isolation()  # noqa: SLF001 - it has no public name
    return is_autocommit or connection.in_transaction()
