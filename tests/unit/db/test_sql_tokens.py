"""SQL text as tokens, and those as SQL again."""

from __future__ import annotations

import pytest

from sst.db.sql_tokens import one_line
from sst.hooks import sql_statements, sql_text


@pytest.mark.parametrize(
    "sql",
    ['"a""b"', "'it''s'", "E'\\n'", "$body$ a; b $body$", "1.5", "total", "("],
)
def test_token_is_written_as_it_was_read(sql: str) -> None:
    [[token]] = sql_statements(sql)

    assert token.sql == sql


def test_text_of_tokens_keeps_operators_apart() -> None:
    sql = "SET  a = -1, b=a::text /* so */ || 'x' -- and on\n WHERE f(a) <= 2"

    [tokens] = sql_statements(sql)

    assert sql_text(tokens) == "SET a = -1, b=a::text || 'x' WHERE f(a) <= 2"


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("ALTER TABLE t -- a note\n  ADD x int", "ALTER TABLE t ADD x int"),
        ("SELECT 1 /* a\n /* b */ */ + 2", "SELECT 1 + 2"),
        ("DO $$ BEGIN -- first\n  NULL; END $$", "DO $$ BEGIN NULL; END $$"),
        ("DO $x$BEGIN NULL; END$x$;", "DO $x$ BEGIN NULL; END $x$;"),
        ("SELECT '--', \"a -- b\", $1", "SELECT '--', \"a -- b\", $1"),
        ("UPDATE t SET a = %(a)s -- all", "UPDATE t SET a = %(a)s"),
        ("SELECT $$ open -- end", "SELECT $$ open -- end"),
    ],
)
def test_comments_have_no_place_in_one_line(sql: str, line: str) -> None:
    assert one_line(sql) == line
