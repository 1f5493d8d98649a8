"""The table of bench/: the rows that are named, the figures, the text; one row really measured."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.costs import Figures
from bench.serving import _answer
from bench.table import text
from bench.table.__main__ import ALL_ROWS
from bench.table.rows import NotMeasuredError, Result, Row, ratio, select
from bench.table.statements import count_sent
from bench.table.turns import Command, Took, in_turns, run
from sst.testing.project.server import connect

if TYPE_CHECKING:
    from tests.support.server import TestServer

ROOT = Path(__file__).resolve().parents[3]
ROWS = [
    Row("current-10", "current", "alembic current", 0.25),
    Row("current-1000", "current", "alembic current", 0.15),
    Row("check-10", "check", "alembic current", 0.25),
    Row("suite", "make test", "", 8, on_request=True),
]
CURRENT = ROWS[0]


def test_ratio_is_the_median_of_the_ratios_of_the_turns() -> None:
    figures = Figures({"ours": [1.0, 9.0, 4.0], "theirs": [1.0, 3.0, 2.0]}, is_shown=False)

    result = ratio(CURRENT, figures, "ours", "theirs")

    # Of the medians it would be 4 to 2, too; of the means 14 to 6.
    assert (result.value, result.lowest, result.highest, result.turns) == (2.0, 1.0, 3.0, 3)
    assert (result.ours, result.theirs) == (4.0, 2.0)


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        ([], ["current-10", "current-1000", "check-10"]),
        (["current"], ["current-10", "current-1000"]),
        (["suite", "current-10"], ["current-10", "suite"]),
    ],
    ids=["all but those on request", "a beginning", "whole names"],
)
def test_rows_are_selected_by_name(words: list[str], selected: list[str]) -> None:
    assert [row.name for row in select(ROWS, words)] == selected


@pytest.mark.parametrize("word", ["curr", "current-1", "nothing"])
def test_unknown_row_is_refused_with_the_names_of_all(word: str) -> None:
    with pytest.raises(ValueError, match=f"no row is called {word}; there are: current-10, "):
        select(ROWS, ["check", word])


@pytest.mark.parametrize(
    ("value", "goal", "verdict"),
    [
        (0.25, "at most 0.25", "met"),
        (0.2504, "at most 0.25", "**missed**"),
        (0.034, "at most 0.03", "**missed**"),
        (1.0, "at least 1.0", "met"),
        (0.98, "at least 1.0", "**missed**"),
        (None, "at least 1.0", "not measured"),
    ],
)
def test_goal_is_met_or_missed(value: float | None, goal: str, verdict: str) -> None:
    bound, number = goal.rsplit(" ", 1)
    row = Row("some", "some", "other", float(number), at_least=bound == "at least")

    line = text.line(Result(row, value))

    assert f"| {verdict} |" in line


def test_line_has_ratio_range_goal_verdict_and_both_medians() -> None:
    result = Result(
        CURRENT, value=2.044, ours=0.9, theirs=0.44, lowest=1.9, highest=2.1, turns=7, load=3
    )

    assert text.line(result) == (
        "| `current-10` | current | alembic current | 2.044 | 1.900 to 2.100 (7) | ≤ 0.25 "
        "| **missed** | 0.900 s | 0.440 s | 3 |"
    )


def test_line_without_a_value_says_why() -> None:
    result = Result(CURRENT, note="no server | here", load=3)

    assert text.line(result) == (
        "| `current-10` | current | alembic current |  |  | ≤ 0.25 "
        "| not measured: no server / here |  |  | 3 |"
    )


def test_ending_counts_what_is_met_and_names_the_versions() -> None:
    results = [Result(CURRENT, 0.2), Result(ROWS[1], 0.2), Result(ROWS[2], note="why")]

    ending = text.ending([text.line(each) for each in results], {"Python": "3.11.7", "click": "8"})

    assert ending.startswith("1 of 2 goals met, 1 not measured.\nPython 3.11.7, click 8, ")


def test_lines_of_other_rows_stay_when_some_are_measured_again() -> None:
    old = ["text", *(text.line(Result(row, 0.1)) for row in ROWS[:3]), "| `gone` | row |"]
    new = [text.line(Result(ROWS[1], 0.5)), text.line(Result(ROWS[3], 9))]

    lines = text.merged("\n".join(old), new, [row.name for row in ROWS])

    assert lines == [old[1], new[0], old[3], new[1]]


def test_count_is_told_as_it_is() -> None:
    row = Row("statements", "statements", "", 8, unit="")

    assert "| 119 |  | ≤ 8 | **missed** | 119 | 13 |" in text.line(Result(row, 119, 119, 13))


def test_summary_has_the_rows_that_were_measured() -> None:
    wanted = [row for row in ALL_ROWS if row.name in ("check-10", "check-1000", "help")]
    results = [Result(row, None if row.name == "check-1000" else 0.123) for row in wanted]

    lines = text.summary([text.line(each) for each in results]).splitlines()

    assert lines[2:] == [
        "| `check` with nothing to do, 10 revisions, processor time | 0.123 | `alembic current` |"
    ]


def test_text_between_markers_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("above\n<!-- table: make bench -->\nold\n\\1\n<!-- /table -->\nbelow\n")
    assert text.between(path, "table") == "old\n\\1\n"

    text.write_between(path, "table", r"new \1")

    assert path.read_text() == (
        "above\n<!-- table: make bench -->\nnew \\1\n<!-- /table -->\nbelow\n"
    )
    with pytest.raises(ValueError, match="no markers"):
        text.write_between(path, "other", "new")


def test_turns_leave_out_the_first_run_and_change_places() -> None:
    order: list[str] = []

    def action(name: str) -> Took:
        order.append(name)
        return Took(processor=len(order), wall=0.0)

    figures = in_turns({"a": lambda: action("a"), "b": lambda: action("b")}, turns=2)

    assert order == ["b", "a", "a", "b", "b", "a"]
    assert figures.values["a, processor"] == [3, 6]


def test_processor_time_of_children_counts(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"

    took = run(Command((sys.executable, "-c", code), tmp_path, {}))

    assert took.processor >= 0.3


def test_failing_command_is_not_measured_and_its_last_words_are_kept(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "raise SystemExit('no such table')"), tmp_path, {})

    with pytest.raises(NotMeasuredError, match="ended with exit 1: no such table"):
        run(command)


def test_statements_and_sessions_are_counted_in_the_log() -> None:
    log = (
        "bench 1.a LOG:  connection received: host=[local]\n"
        "bench 1.a LOG:  connection authorized: user=postgres\n"
        "bench 1.a LOG:  statement: select 1\n\tfrom t\n\t-- bench 9.z LOG:  statement: no\n"
        "bench 1.b LOG:  connection authorized: user=postgres\n"
        "bench 1.a LOG:  execute s_1: select 2\n"
        "bench 1.c LOG:  checkpoint starting: time\n"
    )

    assert count_sent(log) == (2, 2)


def test_answer_that_comes_in_pieces_is_taken_whole() -> None:
    here, there = socket.socketpair()
    pieces = [b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r\nab", b"cd"]

    with here, there, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(lambda: [there.send(piece) for piece in pieces])
        taken = _answer(here)
        sending.result()

    assert taken == b"".join(pieces)


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ALL_ROWS}) == len(ALL_ROWS)


def test_row_says_why_it_cannot_be_measured() -> None:
    nowhere = "postgresql://nobody:canary-p4ss@127.0.0.1:1/nothing"

    done = bench("--quick", "upgrade-1", url=nowhere)

    assert done.returncode == 0, done.stderr
    assert "| not measured: connection to server at" in done.stdout
    assert "0 of 0 goals met, 1 not measured." in done.stdout
    assert "canary-p4ss" not in done.stdout + done.stderr


@pytest.mark.slow
def test_row_is_measured_and_leaves_no_database(server: TestServer) -> None:
    before = databases(server)

    done = bench("--quick", "--turns", "1", "current-10", url=server.url)

    assert done.returncode == 0, done.stderr
    assert "| `current-10` |" in done.stdout
    assert "not measured:" not in done.stdout
    assert databases(server) <= before


def bench(*words: str, url: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the table on the server of *url*."""
    return subprocess.run(
        [sys.executable, "-m", "bench.table", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def databases(server: TestServer) -> set[str]:
    """Return the databases of the bench."""
    with closing(connect(server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("select datname from pg_database where starts_with(datname, 'bench_')")
        return {name for (name,) in cursor.fetchall()}
