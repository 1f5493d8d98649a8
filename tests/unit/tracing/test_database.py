"""A database and its statements in the names of the conventions."""

from __future__ import annotations

import pytest

from sst.db.url import DatabaseUrl
from sst.tracing.database import Summary, database_attributes, summary_of


@pytest.mark.parametrize(
    ("statement", "operation", "text"),
    [
        ("create table if not exists shop.worker (id int)", "CREATE TABLE", "shop.worker"),
        ("CREATE UNIQUE INDEX CONCURRENTLY ix ON worker (id)", "CREATE INDEX", "ix"),
        ('alter table only "Odd ""name" add column b text', "ALTER TABLE", '"Odd ""name"'),
        ("create or replace function f(a int) returns int", "CREATE FUNCTION", "f"),
        ("drop materialized view totals", "DROP VIEW", "totals"),
        ("insert into worker (id) values (?)", "INSERT", "worker"),
        ("update worker set id = ?", "UPDATE", "worker"),
        ("delete from only worker", "DELETE", "worker"),
        ("select a, b from worker where c = ?", "SELECT", "worker"),
        ("with x as (select ?) select * from x", "WITH", "x"),
        ("CREATE ROLE app PASSWORD ?", "CREATE ROLE", "app"),
        ("do ?", "DO", ""),
        ("set lock_timeout = ?", "SET", ""),
        ("truncate worker; drop table worker", "TRUNCATE", "worker"),
        ("(select ?) union (select ?)", "SELECT", ""),
    ],
)
def test_statement_is_its_operation_and_what_it_is_about(
    statement: str, operation: str, text: str
) -> None:
    assert summary_of(statement) == Summary(operation, f"{operation} {text}".strip())


@pytest.mark.parametrize("statement", ["", "?", ";;"])
def test_text_without_a_word_has_a_name_too(statement: str) -> None:
    assert summary_of(statement).text


def test_long_summary_is_cut() -> None:
    assert len(summary_of(f"drop table {'x' * 999}").text) == 255


def test_database_is_named_by_host_and_port() -> None:
    found = database_attributes(DatabaseUrl("postgresql://me:canary@db.example:6543/shop"))

    assert found == {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "server.address": "db.example",
        "server.port": 6543,
    }


def test_of_several_hosts_none_is_named() -> None:
    found = database_attributes(DatabaseUrl("postgresql:///shop?host=one,two&port=1,2"))

    assert found["server.address"] is None
    assert found["server.port"] is None
