"""Engines: every pool setting arrives, and SQL is never echoed where it must not be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import NullPool, QueuePool

from sst.config import Settings
from sst.db.engine import create_app_engine, create_direct_engine
from sst.db.url import DatabaseUrl

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

URL = DatabaseUrl("postgresql://user:canary@host/name")


def _connect_arguments(engine: Engine) -> dict[str, Any]:
    """Return what the driver would be called with."""
    found: dict[str, Any] = {}

    def seize(
        _dialect: object, _record: object, _args: object, parameters: dict[str, Any]
    ) -> None:
        found.update(parameters)
        raise ConnectionAbortedError

    event.listen(engine, "do_connect", seize)
    with pytest.raises(ConnectionAbortedError):
        engine.connect()
    return found


def test_every_pool_setting_reaches_the_engine() -> None:
    settings = Settings(
        db_pool_size=7,
        db_max_overflow=3,
        db_pool_timeout=1.5,
        db_pool_recycle=99,
        db_pool_pre_ping=False,
    )

    pool = create_app_engine(settings, URL).pool

    assert isinstance(pool, QueuePool)
    assert (pool.size(), pool._max_overflow, pool.timeout()) == (7, 3, 1.5)
    assert (pool._recycle, pool._pre_ping) == (99, False)


def test_connections_are_tried_before_they_are_lent_unless_told_otherwise() -> None:
    pool = create_app_engine(Settings(), URL).pool

    assert pool._pre_ping is True
    assert pool._recycle == 3600


def test_application_connects_under_its_name_and_with_its_timeout() -> None:
    engine = create_app_engine(Settings(db_connect_timeout=11), URL)

    arguments = _connect_arguments(engine)

    assert arguments["application_name"] == "sst"
    assert arguments["connect_timeout"] == 11
    assert arguments["password"] == "canary"


def test_what_the_url_says_about_the_connection_wins() -> None:
    url = DatabaseUrl("postgresql://user@host/name?connect_timeout=3&application_name=shop")

    arguments = _connect_arguments(create_app_engine(Settings(), url))

    assert arguments["connect_timeout"] == "3"
    assert arguments["application_name"] == "shop"


@pytest.mark.parametrize(
    ("protected", "sql_echo", "echoes"),
    [
        (False, True, True),
        (False, False, False),
        (True, True, False),
        (True, False, False),
    ],
)
def test_sql_is_echoed_only_where_nothing_is_protected(
    protected: bool,  # noqa: FBT001 - a case of the table
    sql_echo: bool,  # noqa: FBT001 - a case of the table
    echoes: bool,  # noqa: FBT001 - a case of the table
) -> None:
    settings = Settings(protected=protected, sql_echo=sql_echo)

    engine = create_app_engine(settings, URL)

    assert engine._should_log_info() is echoes


def test_echo_installs_no_handler_that_prints_to_stdout() -> None:
    """SQLAlchemy would; `--json` promises exactly one object there."""
    logger = logging.getLogger("sqlalchemy.engine.Engine")
    before = list(logger.handlers)
    logger.handlers.clear()

    create_app_engine(Settings(protected=False, sql_echo=True), URL)
    handlers = list(logger.handlers)
    logger.handlers[:] = before

    assert [type(handler) for handler in handlers] == [logging.NullHandler]


@pytest.mark.parametrize(
    ("protected", "debug", "hides"),
    [(False, True, False), (False, False, True), (True, True, True)],
)
def test_parameters_of_a_failed_statement_show_only_while_debugging(
    protected: bool,  # noqa: FBT001 - a case of the table
    debug: bool,  # noqa: FBT001 - a case of the table
    hides: bool,  # noqa: FBT001 - a case of the table
) -> None:
    engine = create_app_engine(Settings(protected=protected, debug=debug), URL)

    assert engine.hide_parameters is hides


def test_direct_engine_keeps_no_connection_and_names_itself() -> None:
    url = DatabaseUrl("postgresql://user@host/name?application_name=shop")

    engine = create_direct_engine(url, application_name="sst-migrate", connect_timeout=4)
    arguments = _connect_arguments(engine)

    assert isinstance(engine.pool, NullPool)
    assert engine.hide_parameters is True
    assert arguments["application_name"] == "sst-migrate"
    assert arguments["connect_timeout"] == 4


def test_drivers_of_the_url_are_replaced_by_ours() -> None:
    url = DatabaseUrl("postgresql+asyncpg://user@host/name?ssl=require")

    arguments = _connect_arguments(
        create_direct_engine(url, application_name="x", connect_timeout=4),
    )

    assert arguments["sslmode"] == "require"
    assert "ssl" not in arguments


def test_dead_network_is_noticed_by_both_engines() -> None:
    engines = [
        create_app_engine(Settings(), URL),
        create_direct_engine(URL, application_name="x", connect_timeout=4),
    ]

    found = [_connect_arguments(engine) for engine in engines]

    assert [each["tcp_user_timeout"] for each in found] == [30_000, 30_000]
    assert [each["keepalives_idle"] for each in found] == [30, 30]
