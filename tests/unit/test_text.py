"""The first line of an error, whatever the error says; sizes, times and counts for people."""

from __future__ import annotations

import psycopg2
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from sst.hooks import counted, duration_text, first_line, size_text, span_text
from sst.text import listed


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one", "one"),
        ("one\ntwo", "one"),
        ("\n\n  one \r\ntwo", "one"),
        ("ERROR:  no such table\nLINE 1: select 'secret'\n", "ERROR:  no such table"),
    ],
)
def test_first_line_is_the_first_that_says_something(text: str, line: str) -> None:
    assert first_line(text) == line
    assert first_line(ValueError(text)) == line


@pytest.mark.parametrize("text", ["", "\n", " \n "])
def test_error_without_words_is_its_class_or_what_the_caller_says(text: str) -> None:
    assert first_line(ValueError(text)) == "ValueError"
    assert first_line(ValueError(text), "no message") == "no message"
    assert first_line(text) == ""
    assert first_line(text, "no message") == "no message"


def test_error_of_sqlalchemy_is_what_the_driver_says() -> None:
    """Its own first line begins with the driver's class, and its others quote the statement."""
    error = DBAPIError("select 'secret'", {"x": "secret"}, psycopg2.Error("no\nLINE 1: secret"))

    assert first_line(error) == "no"


def test_real_error_of_sqlalchemy_is_what_the_driver_says() -> None:
    engine = create_engine("postgresql+psycopg2://nobody@/none?host=/nowhere")

    with pytest.raises(DBAPIError) as caught:
        engine.connect()

    assert first_line(caught.value).startswith('connection to server on socket "/nowhere/')


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (2e18, "2000.0 PB"),
    ],
)
def test_sizes_are_for_people(size: float, shown: str) -> None:
    assert size_text(size) == shown


@pytest.mark.parametrize(("milliseconds", "shown"), [(None, "-"), (0, "0.00 s"), (1250, "1.25 s")])
def test_durations_are_in_seconds(milliseconds: int | None, shown: str) -> None:
    assert duration_text(milliseconds) == shown


@pytest.mark.parametrize(
    ("count", "separator", "shown"),
    [
        (0, ", ", ""),
        (5, ", ", "0, 1, 2, 3, 4"),
        (6, ", ", "0, 1, 2, 3, 4 and 1 more"),
        (200, "; ", "0; 1; 2; 3; 4; and 195 more"),
    ],
)
def test_long_list_is_counted(count: int, separator: str, shown: str) -> None:
    assert listed(range(count), separator) == shown


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        *((0, "row", "0 rows"), (1, "row", "1 row"), (12_345, "row", "12,345 rows")),
        *((1, "policy", "1 policy"), (2, "policy", "2 policies"), (2, "key", "2 keys")),
        *((2, "index", "2 indexes"), (2, "process", "2 processes"), (2, "batch", "2 batches")),
    ],
)
def test_count_and_noun_agree(count: int, noun: str, words: str) -> None:
    assert counted(count, noun) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-3, "0 s"), (45, "45 s"), (720, "12 min"), (725, "12 min 5 s")),
        *((7200, "2 h"), (11_100, "3 h 5 min"), (172_799, "47 h 59 min")),
        *((172_800, "2 days"), (1e7, "115 days")),
    ],
)
def test_span_reads_as_a_person_tells_it(seconds: float, words: str) -> None:
    assert span_text(seconds) == words
