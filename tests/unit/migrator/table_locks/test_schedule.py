"""The schedule of tries, as a value."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sst.config import MigrateSettings
from sst.migrator.table_locks.schedule import RETRYABLE, Schedule, milliseconds

DEFAULT = Schedule.of(MigrateSettings())
_POSITIVE = st.floats(min_value=0.001, max_value=3600)


def pauses(schedule: Schedule, try_seconds: float) -> list[float]:
    """Return the pauses of a revision that never gets its lock; a try takes *try_seconds*."""
    found: list[float] = []
    elapsed = 0.0
    for number in itertools.count(1):
        elapsed += try_seconds
        pause = schedule.pause_seconds(number, elapsed)
        if pause is None:
            return found
        found.append(pause)
        elapsed += pause
    raise AssertionError


def test_default_begins_with_a_burst_and_goes_on_with_longer_pauses() -> None:
    found = pauses(DEFAULT, 2.0)

    assert found[:7] == [0.5, 0.5, 1.0, 5.0, 5.0, 15.0, 30.0]
    assert set(found[7:]) == {30.0}
    assert found == sorted(found)


def test_default_ends_within_its_total_and_one_more_wait() -> None:
    found = pauses(DEFAULT, 2.0)

    assert sum(found) + 2.0 * (len(found) + 1) <= 302.0
    assert len(found) + 1 == 15


def test_waits_grow_from_half_a_second_to_the_timeout() -> None:
    schedule = Schedule(3.0, (1.0,), 60.0)

    assert [schedule.timeout_seconds(number) for number in range(1, 6)] == [0.5, 1, 2, 3, 3]


def test_timeout_below_half_a_second_is_kept_from_the_first_try_on() -> None:
    assert Schedule(0.2, (1.0,), 60.0).timeout_seconds(1) == 0.2


def test_no_pauses_or_no_time_is_one_try() -> None:
    assert Schedule(2.0, (), 60.0).pause_seconds(1, 0.0) is None
    assert Schedule(2.0, (1.0,), 0.0).pause_seconds(1, 0.0) is None


@given(_POSITIVE, st.lists(_POSITIVE, max_size=9), st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_try_begins_after_the_total_and_none_is_without_a_timeout(
    longest: float, given_pauses: list[float], total: float, elapsed: float
) -> None:
    schedule = Schedule(longest, tuple(given_pauses), total)

    for number in (1, 2, 50, 10_000):
        pause = schedule.pause_seconds(number, elapsed)
        assert pause is None or elapsed + pause < total
        assert 0 < schedule.timeout_seconds(number) <= longest
        assert int(milliseconds(schedule.timeout_seconds(number))) > 0


def test_timeout_that_is_set_never_becomes_none_by_rounding() -> None:
    """For the server 0 means: wait for ever."""
    assert milliseconds(0.0001) == "1"
    assert milliseconds(0.0) == "0"
    assert milliseconds(2.0) == "2000"


def test_pause_that_ends_with_the_total_is_not_begun() -> None:
    schedule = Schedule(2.0, (1.0,), 60.0)

    assert schedule.pause_seconds(1, 58.5) == 1.0
    assert schedule.pause_seconds(1, 59.0) is None


def test_lock_timeout_deadlock_and_serialization_failure_are_tried_again() -> None:
    """By their codes in the PostgreSQL manual, appendix A."""
    assert {"55P03", "40P01", "40001"} == RETRYABLE
