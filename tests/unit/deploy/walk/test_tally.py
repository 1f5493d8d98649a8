"""A step is judged by its exit code and its output, printed on one line, and counted."""

from __future__ import annotations

from io import StringIO

import pytest

from deploy.walk.shell import Result
from deploy.walk.tally import Tally, Wanted


@pytest.mark.parametrize(
    ("wanted", "exit_code", "output", "holds"),
    [
        (Wanted(), 0, "", True),
        (Wanted(), 1, "", False),
        (Wanted(exits=(1, 75)), 75, "", True),
        (Wanted(exits=(1, 75)), 0, "", False),
        (Wanted(shows="^f$"), 0, "Container db Running\nf\n", True),
        (Wanted(shows="^f$"), 0, "false", False),
        (Wanted(shows="^f$"), 1, "f", False),
        (Wanted(hides="."), 0, "", True),
        (Wanted(hides="."), 0, "4f1d", False),
        (Wanted(shows="rolled back", hides="Traceback"), 0, "rolled back\nTraceback", False),
    ],
)
def test_step_holds_when_code_and_output_are_as_wanted(
    wanted: Wanted, exit_code: int, output: str, *, holds: bool
) -> None:
    assert wanted.holds(Result("true", exit_code, output)) is holds


def test_walk_counts_what_held_and_what_did_not() -> None:
    tally = Tally(StringIO())

    tally.judge("builds", Wanted(), Result("true", 0, ""))
    tally.judge("serves", Wanted(), Result("false", 1, ""))
    tally.record("has no secret", "")
    tally.note("not typed")

    assert tally.summary() == "2 held, 1 did not"
    assert tally.failed == 1


def test_step_that_held_is_one_line_also_when_its_command_is_several() -> None:
    out = StringIO()

    Tally(out).judge("one() { :; }\none", Wanted(), Result("one() { :; }\none", 0, "much\noutput"))

    assert out.getvalue() == "ok    one() { :; }; one\n"


def test_step_that_failed_shows_wish_end_command_and_last_lines() -> None:
    out = StringIO()
    output = "".join(f"line {number}\n" for number in range(20))

    Tally(out).judge("app is no superuser", Wanted(shows="^f$"), Result("psql", 2, output))

    first, command, *last = out.getvalue().splitlines()
    assert first == "FAIL  app is no superuser: wanted exit 0 and /^f$/, got exit 2"
    assert command == "      $ psql"
    assert last == [f"      | line {number}" for number in range(12, 20)]
