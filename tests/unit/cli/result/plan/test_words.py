"""A plan in words: of one statement, and as a whole."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest

from sst.cli.result.plan import screen
from sst.hooks.contract.plan.finding import Acceptance, Finding, Level
from sst.hooks.contract.plan.statement import Lock, Statement
from sst.migrator.lint.reasons import rows_in_the_way as words_of_rows
from sst.migrator.rehearsal.rehearsal import Rehearsal
from sst.migrator.rehearsal.summary import summary_of
from sst.migrator.rehearsal.words import colour_of, effect, range_text
from tests.support.plans import (
    EVERYTHING,
    NOTHING,
    REVISION,
    WRITES,
    report,
    rows_in_the_way,
    statement,
)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 0.04, "under 0.1 s"),
        (0.0, 0.2, "up to 0.2 s"),
        (0.4, 90.0, "up to 1 min 30 s"),
        (2.0, 9.0, "2-9 s"),
        (1.24, 1.26, "1.2-1.3 s"),
        (3.0, 3.01, "3 s"),
        (2.4, 40.0, "2-40 s"),
        (45.0, 200.0, "45 s to 3 min 20 s"),
        (3600.0, 7300.0, "1 h to 2 h 1 min"),
    ],
)
def test_range_is_no_more_exact_than_it_is_known(low: float, high: float, expected: str) -> None:
    assert range_text(low, high) == expected


@pytest.mark.parametrize(
    ("found", "colour"),
    [
        (statement(mode=NOTHING, scans=True), None),
        (statement(), "yellow"),
        (statement(scans=True), "red"),
        (statement(scans=True, seconds=(0.0, 0.2)), "yellow"),
        (statement(seconds=(0.1, 2.0)), "red"),
        (Statement("one.py", 1, "vacuum", unseen="it cannot run in a block"), "yellow"),
    ],
)
def test_only_a_long_block_is_red(found: Statement, colour: str | None) -> None:
    """A lock for a moment is every day; one that nobody has seen is no good news."""
    assert colour_of(found) == colour


def test_statement_says_what_waits_and_how_much_is_there() -> None:
    shown = effect(statement(mode=WRITES, scans=True))

    assert shown == "blocks writes of worker, scans (1,000 rows)"


def test_lock_that_is_still_held_is_told_from_a_new_one() -> None:
    """What it scans itself is named then: others wait for another table."""
    held = Lock("public.worker", EVERYTHING, is_held=True)
    own = Lock("public.site", WRITES)

    shown = effect(replace(statement(), locks=(held, own), scans=("public.site",), rows=7))

    assert shown == "still blocks reads and writes of worker, scans site (7 rows)"


def test_emptied_table_is_neither_scanned_nor_written_anew() -> None:
    shown = effect(statement("TRUNCATE worker", scans=True))

    assert shown == "blocks reads and writes of worker, empties (1,000 rows)"


def test_lock_counts_to_the_end_of_its_transaction() -> None:
    """The first statement is short, but everybody waits for the second one as well."""
    short, long = statement(seconds=(0.5, 1.0)), statement(mode=NOTHING, seconds=(2.0, 11.0))
    next_one = statement(mode=WRITES, seconds=(5.0, 8.0), transaction=2)

    summary = summary_of(report(Rehearsal(statements={REVISION: (short, long, next_one)})))

    assert summary is not None
    assert str(summary) == (
        "1 revision, 3 statements; longest block: reads and writes of worker, 2-12 s"
    )


def test_block_of_which_not_all_is_known_is_no_short_one() -> None:
    """A column is there in no time; who waits for it waits for the update behind it, too."""
    unknown = (statement(seconds=(0.0, 0.1)), statement("update worker set x = 1", NOTHING))
    known = statement(mode=WRITES, seconds=(5.0, 8.0), transaction=2)

    summary = summary_of(report(Rehearsal(statements={REVISION: (*unknown, known)})))

    assert summary is not None
    assert summary.longest_block is not None
    assert str(summary.longest_block) == (
        "reads and writes of worker, up to 0.1 s and a time that is not known"
    )
    assert summary.to_dict()["longest_block"]["seconds"] is None


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (NOTHING, "1 revision, 1 statement seen; no block among them"),
        (
            EVERYTHING,
            "1 revision, 1 statement seen; longest block among them: reads and writes of worker",
        ),
    ],
)
def test_plan_that_was_not_seen_to_its_end_is_not_told_as_harmless(
    mode: str, expected: str
) -> None:
    seen = Rehearsal(why_not="it stopped", statements={REVISION: (statement(mode=mode),)})

    assert str(summary_of(report(seen))) == expected


def test_summary_counts_what_is_against_the_plan() -> None:
    accepted = Finding("a", "x", accepted=Acceptance("it is small"))
    found = Rehearsal(
        statements={REVISION: (statement(mode=NOTHING),)},
        findings={REVISION: (Finding("a", "x"), Finding("b", "x", level=Level.WARNING), accepted)},
        probes={REVISION: (rows_in_the_way(), rows_in_the_way(0), rows_in_the_way(None))},
    )

    summary = summary_of(report(found))

    assert str(summary) == (
        "1 revision, 1 statement; blocks nothing; "
        "1 error, 1 warning, rows in the way of 1 change (1 accepted)"
    )


@pytest.mark.parametrize(
    ("asks", "violations", "expected"),
    [
        ("not_null", 66_666, "would fail: 66,666 rows of worker have no value in a"),
        ("not_null", 1, "would fail: 1 row of worker has no value in a"),
        ("unique", 2, "would fail: 2 rows of worker repeat another row in a"),
        ("foreign_key", 2, "would fail: 2 rows of worker have no row that a refers to"),
        ("check", 1, "would fail: 1 row of worker does not fit a"),
        ("check", 0, "0 rows of worker do not fit a"),
        ("unique", None, "worker was not asked for a: it is too large"),
    ],
)
def test_rows_in_the_way_say_what_they_mean(
    asks: str, violations: int | None, expected: str
) -> None:
    probe = replace(rows_in_the_way(violations), asks=asks, about="a")

    assert words_of_rows(probe) == expected


@pytest.mark.parametrize("width", range(44, 84, 3))
def test_figures_that_belong_together_stand_in_one_line(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "terminal_columns", lambda _: width)
    found = replace(statement("x" * 80, seconds=(0.1, 2.7), scans=True), bytes=38_500_000)

    lines = list(screen.statement_lines(Rehearsal(statements={REVISION: (found,)}), REVISION))

    shown = [line.strip() for line in lines]
    assert any("(1,000 rows, 38.5 MB)," in line for line in shown)
    assert any("0.1-2.7 s, inferred:" in line for line in shown)
    assert all(len(click.unstyle(line)) <= width for line in lines)


def test_plan_that_was_not_rehearsed_has_no_summary() -> None:
    """Nothing is known: that is not nothing."""
    assert summary_of(report(Rehearsal(why_not="no CREATEDB"))) is None


def test_longest_block_is_the_stronger_one_where_no_time_is_known() -> None:
    found = (statement(mode=WRITES), statement(mode=EVERYTHING, transaction=2))

    summary = summary_of(report(Rehearsal(statements={REVISION: found})))

    assert summary is not None
    assert summary.to_dict()["longest_block"] == {
        "blocks": "reads and writes",
        "relations": ["public.worker"],
        "seconds": None,
    }
