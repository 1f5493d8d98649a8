"""SQL text as tokens, and those as SQL again."""

from __future__ import annotations

import pytest

from sst.hooks import sql_statements


@pytest.mark.parametrize(
    "sql",
    ['"a""b"', "'it''s'", "E'\\n'", "$body$ a; b $body$", "1.5", "total", "("],
)
def test_token_is_written_as_it_was_read(sql: str) -> None:
    [[token]] = sql_statements(sql)

    assert token.sql == sql
