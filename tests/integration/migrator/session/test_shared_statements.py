"""Statements are compiled once for many databases that are alike, and for each that is not."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Numeric, column, event, literal, select, table
from sqlalchemy.engine import Engine

from sst.config.sources.target import Target
from sst.migrator.session.connections import open_connection
from tests.support.many import runtime_of_many
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    from sst.runtime import Runtime
    from tests.support.project import Project

BACKSLASH = "a\\b"


@pytest.fixture
def runtime(project: Project) -> Iterator[Runtime]:
    """Return the runtime of a project with one revision, which is of no database itself."""
    with runtime_of_many(project) as opened:
        yield opened


def execute(url: str, statement: str) -> None:
    """Execute *statement* in the database at *url*."""
    with closing(connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def watched() -> Iterator[tuple[Counter[str], Counter[str]]]:
    """Count the statements of the body, and those compiled, by the first word of the session."""
    sent: Counter[str] = Counter()
    compiled: Counter[str] = Counter()

    def count(connection: Connection, *others: Any) -> None:
        context = others[3]
        driver: Any = connection.connection.driver_connection
        session = driver.info.dsn_parameters["application_name"].partition(" ")[0]
        sent[session] += 1
        if context.compiled is not None and context.cache_hit.name == "CACHE_MISS":
            compiled[session] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield sent, compiled
    finally:
        event.remove(Engine, "before_cursor_execute", count)


@contextmanager
def look(runtime: Runtime, url: str, schema: str = "", **options: Any) -> Iterator[Connection]:
    """Open a connection of the migrator's to the database at *url*."""
    target = Target("one", url, schema=schema, source="targets.toml [one]")
    with runtime.for_target(target) as opened:
        context = opened.migrator._context
        with open_connection(context, "under test", **options) as connection:
            yield connection


def test_second_database_of_a_kind_has_no_look_at_its_schema_compiled_again(
    runtime: Runtime, make_database: Callable[[], str]
) -> None:
    for name in ("first", "second"):
        target = Target(name, make_database(), source=f"targets.toml [{name}]")
        with runtime.for_target(target) as opened, watched() as (sent, compiled):
            assert opened.migrator.upgrade().error is None

    # How often others of our sessions ask, such as those that look for blockers, is up to time.
    assert sent["sst-fingerprint"] > 0
    assert compiled["sst-fingerprint"] == 0
    assert compiled["sst-migrate"] > 0


def test_database_that_reads_literals_in_another_way_has_them_compiled_anew(
    runtime: Runtime, make_database: Callable[[], str]
) -> None:
    plain, other = make_database(), make_database()
    name = other.partition("?")[0].rpartition("/")[2]
    execute(other, f'alter database "{name}" set standard_conforming_strings = off')
    statement = select(literal(BACKSLASH, literal_execute=True))

    read = []
    for url in (plain, other):
        with look(runtime, url) as connection:
            read.append(connection.execute(statement).scalar_one())

    assert read == [BACKSLASH, BACKSLASH]


def test_connection_that_runs_revisions_takes_no_types_over_from_another_database(
    runtime: Runtime, make_database: Callable[[], str]
) -> None:
    """SQLAlchemy keeps with a statement how its columns were read the first time."""
    urls = [make_database(), make_database()]
    for url, kind in zip(urls, ("numeric", "double precision"), strict=True):
        execute(url, f"create table price as select 1.5::{kind} as amount")
    statement = select(table("price", column("amount", Numeric())).c.amount)

    kinds = []
    for url in urls:
        with look(runtime, url, runs_revisions=True) as connection:
            kinds.append(type(connection.execute(statement).scalar_one()).__name__)

    assert kinds == ["Decimal", "Decimal"]
