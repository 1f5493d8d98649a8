"""Engines on a real server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from sst.config import Settings
from sst.db.engine import create_app_engine, create_direct_engine
from sst.db.url import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

_OWN_SESSION = text("SELECT state, application_name FROM pg_stat_activity WHERE pid = :pid")


@pytest.fixture
def observer(database_url: str) -> Iterator[Engine]:
    """Return an engine that looks at other sessions."""
    engine = create_direct_engine(
        DatabaseUrl(database_url),
        application_name="observer",
        connect_timeout=5,
        autocommit=True,
    )
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("autocommit", "state"),
    [(True, "idle"), (False, "idle in transaction")],
)
def test_autocommit_leaves_no_transaction_open(
    database_url: str,
    observer: Engine,
    autocommit: bool,  # noqa: FBT001 - a case of the table
    state: str,
) -> None:
    """An open transaction under an advisory lock blocks CREATE INDEX CONCURRENTLY for ever."""
    engine = create_direct_engine(
        DatabaseUrl(database_url),
        application_name="under test",
        connect_timeout=5,
        autocommit=autocommit,
    )

    with engine.connect() as connection, observer.connect() as eye:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        seen = eye.execute(_OWN_SESSION, {"pid": pid}).one()

    assert tuple(seen) == (state, "under test")


def test_direct_engine_closes_its_connection_after_use(
    database_url: str, observer: Engine
) -> None:
    engine = create_direct_engine(
        DatabaseUrl(database_url), application_name="short-lived", connect_timeout=5
    )
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))

    assert _ends(observer, pid)


def test_application_engine_echoes_through_logging_and_not_to_stdout(
    database_url: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_app_engine(Settings(protected=False, sql_echo=True), DatabaseUrl(database_url))

    with engine.connect() as connection:
        connection.execute(text("SELECT 'echoed'"))
    engine.dispose()

    assert "SELECT 'echoed'" in caplog.text
    assert capsys.readouterr().out == ""


def test_lost_connection_is_replaced_before_it_is_lent(
    database_url: str, observer: Engine
) -> None:
    """The pool's ping: a restarted server must not cost a request."""
    engine = create_app_engine(Settings(), DatabaseUrl(database_url))
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with observer.connect() as eye:
        eye.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with engine.connect() as connection:
        answer = connection.scalar(text("SELECT 42"))
    engine.dispose()

    assert answer == 42


def _ends(observer: Engine, pid: int) -> bool:
    """Say whether the session *pid* is gone within half a minute."""
    deadline = time.monotonic() + 30
    with observer.connect() as eye:
        while eye.execute(_OWN_SESSION, {"pid": pid}).all():
            if time.monotonic() > deadline:
                return False
    return True
