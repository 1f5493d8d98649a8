"""Transactions of requests, without a database."""

from __future__ import annotations

from sqlalchemy import create_engine

from app.api.database import Transactions
from sst.testing import an_application


def test_request_that_asks_the_database_nothing_takes_no_connection() -> None:
    engine = create_engine("postgresql+psycopg2://nobody@127.0.0.1:1/nowhere")

    with Transactions(an_application(engine=lambda: engine)).begin() as session:
        assert session.is_active


def test_engine_is_asked_for_when_a_request_needs_it() -> None:
    """Not while the application is built: asking may start a server."""
    Transactions(an_application())  # its engine raises
