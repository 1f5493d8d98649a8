"""Somebody else's statement is shown without what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sst.redaction.statements import without_literals

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("select * from t where n = 42", "select * from t where n = ?"),
        ("select 1.5e-7, .5, 0xFF, 1_000, -3", "select ?, ?, ?, ?, -?"),
        ("select 'it''s' || E'it\\'s', $1", "select ? || ?, $1"),
        ("select B'101', x'1F', N'a', U&'\\0061'", "select ?, ?, ?, ?"),
        ("do $body$ begin 'x' end $body$", "do ?"),
        ("do $$ begin end $$ language plpgsql", "do ? language plpgsql"),
        ('select "Col 1" from t1 where c2$x = 5', 'select "Col 1" from t1 where c2$x = ?'),
        ("select 1 -- of 'x\n from t", "select ? from t"),
        ("select /* 'a' */ 1 from t /* b */ where x", "select ? from t where x"),
        ("select\n\t  1", "select ?"),
    ],
)
def test_literals_become_question_marks(statement: str, shown: str) -> None:
    assert without_literals(statement) == shown


@pytest.mark.parametrize(
    "statement",
    [
        f"select '{SECRET}'",
        f"select 'cut off {SECRET}",
        f"select E'a\\'{SECRET}'",
        f"select 'old servers\\' {SECRET}'",
        f"select $q$ $$ {SECRET} $q$",
        f"select $q$ cut off {SECRET}",
        f"select 1 /* {SECRET} */",
        f"select 1 /* /* nested */ {SECRET} */",
        f"select 1 /* cut off {SECRET}",
        f"select 1 -- {SECRET}",
        f"""select "quo'ted", '{SECRET}'""",
        f"select 'a' '{SECRET}'",
    ],
)
def test_nothing_of_a_literal_or_a_comment_is_left(statement: str) -> None:
    assert SECRET not in without_literals(statement)


def test_long_statement_is_shortened() -> None:
    shown = without_literals("select " + "a_column, " * 100 + "b", 60)

    assert len(shown) == 60
    assert shown.endswith("...")


@given(st.text(alphabet=st.characters(exclude_characters="'\\\0", exclude_categories=["Cs"])))
def test_no_text_in_quotes_gets_through(text: str) -> None:
    assert without_literals(f"values ('{text}', now())") == "values (?, now())"


@given(st.text(max_size=40))
def test_any_statement_can_be_shown(text: str) -> None:
    assert len(without_literals(text)) <= 160


def test_statement_of_just_the_longest_length_is_shown_whole() -> None:
    assert without_literals("a" * 160) == "a" * 160
    assert without_literals("a" * 161) == "a" * 157 + "..."
