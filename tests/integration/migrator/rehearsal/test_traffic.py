"""What is blocked has a number where the server counts the statements of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.extensions import is_server_named, lacks
from tests.support.older_server import counting_server
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TABLES = """
create extension pg_stat_statements;
create table shop (id integer primary key, a integer);
create table "Odd shop" (id integer primary key);
create table unused (id integer);
"""
_STATEMENTS = (
    "create index on shop (a)",
    'alter table "Odd shop" add x integer',
    "alter table unused add x integer",
)


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Project]:
    """Return a project on a server that counts statements."""
    with counting_server() as server:
        if server is None:
            lacks("the system has no pg_stat_statements", is_named=is_server_named())
        url = server.create_database()
        project = Project.create(tmp_path / "project", url)
        project.enable("backup")
        project.query(_TABLES)
        for number, sql in enumerate(_STATEMENTS):
            project.revision(f"r{number}", f"op.execute({sql!r})")
        yield project


def test_statements_of_others_on_what_is_blocked_are_counted(counted: Project) -> None:
    """Of writes alone where reads go on."""
    counted.query("select pg_stat_statements_reset()")
    for _ in range(30):
        counted.query("select a from shop where id = 1")
        counted.query("insert into shop values ((select count(*) from shop), 1)")
        counted.query('select id from "Odd shop"')
    [(began,)] = counted.query("select stats_reset from pg_stat_statements_info")

    index, odd, unused = _statements(counted)

    [(minutes,)] = counted.query("select extract(epoch from now() - %s)::float / 60", began)
    # No more minutes have gone by than now, so no fewer calls a minute than these.
    assert index["calls_per_minute"] >= 30 / minutes - 0.1
    assert index["calls_per_minute"] == odd["calls_per_minute"]
    assert unused["calls_per_minute"] == 0


def test_traffic_is_not_known_where_nothing_counts_it(counted: Project) -> None:
    counted.query("drop extension pg_stat_statements")

    found = [each["calls_per_minute"] for each in _statements(counted)]

    assert found == [None, None, None]


def _statements(project: Project) -> list[dict[str, Any]]:
    plan = project.migrate("plan", "--json")
    assert plan.json["rehearsed"], plan.json["why_not"]
    return [one for each in plan.json["revisions"] for one in each["statements"]]
