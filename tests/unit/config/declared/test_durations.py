"""Durations: read as people write them, and written as they are read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sst.config.declared.durations import duration_of, written


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("90s", 90),
        ("1d12h", 129600),
        ("1d 12h", 129600),
        (" 1 h 30 min ", 5400),
        ("2H", 7200),
        ("5m", 300),
        ("500ms", 0.5),
        ("1w", 604800),
        ("1.5h", 5400),
        ("90", 90),
        ("1.5", 1.5),
        ("0", 0),
        ("-300", -300),
    ],
)
def test_a_duration_is_read_with_units_or_as_seconds(text: str, seconds: float) -> None:
    assert duration_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "h", "2 hours", "1h30", "PT2H", "01:30:00", "5x", "9" * 20 + "d"]
)
def test_another_spelling_is_left_to_pydantic(text: str) -> None:
    assert duration_of(text) is None


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(days=1, hours=12), "1d12h"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(milliseconds=1500), "1.5s"),
        (timedelta(microseconds=5), "0.000005s"),
        (timedelta(weeks=1), "7d"),
        (timedelta(seconds=-1234567), "-1234567"),
        (timedelta(seconds=100), "1m40s"),
    ],
)
def test_a_duration_is_written_as_it_is_read(duration: timedelta, text: str) -> None:
    assert written(duration) == text
    assert duration_of(text) == duration
