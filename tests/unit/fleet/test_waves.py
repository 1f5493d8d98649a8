"""The order of databases: the canary, then waves that grow."""

from __future__ import annotations

import pytest

from sst.errors import UsageError
from sst.fleet.waves import waves_of
from tests.support.scripted_engine import targets

TARGETS = targets(200)


def sizes(canary: str, settled: frozenset[str] = frozenset()) -> list[int]:
    """Return how large the waves of all targets are."""
    return [len(wave) for wave in waves_of(TARGETS, canary, settled)]


def test_without_a_canary_all_are_one_wave() -> None:
    assert waves_of(TARGETS, "") == (TARGETS,)


def test_each_wave_is_five_times_as_large_as_all_before_it() -> None:
    assert sizes("1") == [1, 5, 30, 164]
    assert sizes("2") == [2, 10, 60, 128]


@pytest.mark.parametrize("canary", ["1", "3", "t00*", "t199,t0*", "1000"])
def test_each_database_is_in_one_wave(canary: str) -> None:
    waves = waves_of(TARGETS, canary)

    assert sorted(each.name for wave in waves for each in wave) == [t.name for t in TARGETS]


def test_canary_is_named_by_patterns() -> None:
    first, *_ = waves_of(TARGETS, "t150, t00[12]")

    assert [each.name for each in first] == ["t001", "t002", "t150"]


@pytest.mark.parametrize("canary", ["0", "nobody", "t001,nobody", "t001,"])
def test_canary_of_no_target_is_wrong_usage(canary: str) -> None:
    with pytest.raises(UsageError, match="There is no canary"):
        waves_of(TARGETS, canary)


def test_settled_ones_are_in_no_wave() -> None:
    settled = frozenset(each.name for each in TARGETS[:150])

    waves = waves_of(TARGETS, "2", settled)

    assert [each.name for each in waves[0]] == ["t150", "t151"]
    assert {each.name for wave in waves for each in wave} == {t.name for t in TARGETS[150:]}


def test_canary_that_is_settled_is_no_error_and_the_next_wave_as_large() -> None:
    assert sizes("t007", frozenset({"t007"})) == [0, 5, 30, 164]


def test_canary_counts_nothing_when_all_are_settled() -> None:
    assert sizes("2", frozenset(each.name for each in TARGETS)) == [0]
