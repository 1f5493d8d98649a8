"""The live line of work: what it says, and that it is there only meanwhile."""

from __future__ import annotations

import time
from itertools import count

import pytest

from sst.hooks import ProgressLine
from sst.hooks.progress import lines_at_work


def test_line_is_at_work_while_it_is_entered() -> None:
    with ProgressLine("one") as one, ProgressLine("two") as two:
        during = lines_at_work()

    assert during == (one, two)
    assert lines_at_work() == ()


def test_line_leaves_when_the_work_fails() -> None:
    with pytest.raises(RuntimeError), ProgressLine("one"):
        raise RuntimeError

    assert lines_at_work() == ()


@pytest.mark.parametrize(
    ("line", "done", "expected"),
    [
        (ProgressLine("dumping shop"), None, "dumping shop  0 s"),
        (ProgressLine("dumping shop"), 1_200_000, "dumping shop  1.2 MB  3/12 tables  0 s"),
        (
            ProgressLine("dumping shop", total_bytes=2_000_000),
            1_200_000,
            "dumping shop  1.2 MB of 2.0 MB  3/12 tables  0 s",
        ),
        (
            ProgressLine("dumping shop", total_bytes=2_000_000, is_estimate=True),
            1_200_000,
            "dumping shop  1.2 MB of ~2.0 MB  3/12 tables  0 s",
        ),
        (
            ProgressLine("dumping shop", total_bytes=1_000_000, is_estimate=True),
            1_200_000,
            "dumping shop  1.2 MB  3/12 tables  0 s",
        ),
    ],
    ids=["title", "bytes", "of a total", "of an estimate", "an estimate that was too low"],
)
def test_line_has_bytes_and_time(
    line: ProgressLine, done: int | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: line._started)
    with line:
        if done is not None:
            line.show(done, "3/12 tables")

        assert "  ".join(filter(None, line.parts())) == expected


def test_line_has_the_speed_when_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with ProgressLine("dumping") as line:
        line.show(lambda: 300_000_000)
        monkeypatch.setattr(time, "monotonic", lambda: line._started + 150)

        assert "  ".join(filter(None, line.parts())) == "dumping  300.0 MB  2.0 MB/s  2 min 30 s"


def test_measure_that_fails_is_left_out() -> None:
    with ProgressLine("dumping") as line:
        line.show(lambda: 1 // 0)

        assert "  ".join(filter(None, line.parts())) == "dumping  0 s"


def test_measure_is_asked_only_when_the_line_is_drawn() -> None:
    asked = count()

    with ProgressLine("dumping") as line:
        line.show(lambda: next(asked))
        line.show(lambda: next(asked))

        assert line.parts()[1] == "0 B"
