"""The lines of an error on a terminal: each below its own text, commands fit to be copied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sst.errors import ConfigError, Problem, SstError
from sst.layout.cells import columns_of
from sst.layout.labelled import below_name, labelled

TEXT = st.lists(st.text(st.sampled_from("abc:`日"), min_size=1, max_size=25), max_size=20).map(
    " ".join
)


@given(what=TEXT, why=TEXT, next_step=TEXT, width=st.integers(20, 120))
def test_no_word_is_cut_and_no_line_is_wider_than_it_must_be(
    what: str, why: str, next_step: str, width: int
) -> None:
    lines = str(SstError(what=what, why=why, next_step=next_step)).splitlines()

    found = labelled(lines, width)

    assert " ".join(found).split() == " ".join(lines).split()
    for line in found:
        assert columns_of(line) <= width or len(line.split()) == 1


def test_three_lines_that_fit_stay_as_they_are() -> None:
    lines = str(SstError(what="a", why="b", next_step="c")).splitlines()

    assert labelled(lines, 80) == lines


def test_text_goes_on_below_itself() -> None:
    error = SstError(
        what="Another migration is running on shop.",
        why="deploy@worker-17 holds the lock since 12:00:05; waited 30 s",
        next_step="try again when it has finished, or wait longer with `--lock-wait 600`",
    )

    assert labelled(str(error).splitlines(), 48) == [
        "Another migration is running on shop.",
        "  why:  deploy@worker-17 holds the lock since",
        "        12:00:05; waited 30 s",
        "  next: try again when it has finished, or wait",
        "        longer with `--lock-wait 600`",
    ]


def test_problems_of_a_list_can_be_told_apart() -> None:
    first = Problem("debug", "not a boolean", "settings.toml:18 [default]", "true or false")

    lines = labelled(str(ConfigError([first, Problem("b", "is unknown")])).splitlines(), 60)

    assert lines[1:4] == [
        "  why:  debug: not a boolean [settings.toml:18 [default]] ->",
        "          true or false",
        "        b: is unknown",
    ]


def test_command_is_on_a_line_of_its_own_where_it_fits_one() -> None:
    command = "`python migrate.py config check --all --env production --env staging`"
    error = SstError(what="x", next_step=f"correct what is listed, then run {command}")

    lines = labelled(str(error).splitlines(), 72)

    assert [line.strip() for line in lines[1:]] == [
        "next: correct what is listed, then run",
        command,
    ]


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("short", ["short"]),
        ("a question that has an end: ", ["a question that has an", "  end:"]),
        ("  label   a text that goes on", ["  label   a text that", "          goes on"]),
        ("two words  a text that goes on", ["two words  a text that", "           goes on"]),
        ("    deep and long text goes on", ["    deep and long text", "      goes on"]),
        ("a_word_that_is_longer_than_it", ["a_word_that_is_longer_than_it"]),
    ],
)
def test_line_is_broken_between_words_below_its_text(line: str, lines: list[str]) -> None:
    assert below_name(line, 24) == lines


def test_label_of_two_words_has_its_text_below_itself() -> None:
    lines = labelled(['enable it:  enabled = ["freeze", "backup"] in settings.toml'], 40)

    assert lines == ['enable it:  enabled = ["freeze",', '            "backup"] in settings.toml']
