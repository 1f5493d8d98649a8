"""SQL text as tokens, and those as SQL again."""

from __future__ import annotations

import pytest

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
