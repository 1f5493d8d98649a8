"""Blockers are kept until they are taken, and a long wait is told of once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from sst.migrator.table_locks.blocker_watch import BlockerWatch
from sst.migrator.table_locks.blockers import Blocker

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN = Blocker(7, "2026-01-01", "report", "shop", 3.0, "active", "select ?")


@pytest.fixture
def sampler() -> Iterator[BlockerWatch]:
    """Return one that looks at nothing by itself, and is out of patience at once."""
    settings = SimpleNamespace(lock_timeout=-10.0)
    watch = BlockerWatch(
        cast("Any", SimpleNamespace(settings=settings, redact=str)), timeout_seconds=1
    )
    with watch.during():
        yield watch


def _see(sampler: BlockerWatch, *found: Blocker) -> None:
    assert sampler._looks
    sampler._see(sampler._looks, found)


def test_last_blockers_are_kept_when_nobody_blocks_any_more(sampler: BlockerWatch) -> None:
    """When the timeout has fired the last look finds nobody."""
    _see(sampler, SEEN)
    _see(sampler, replace(SEEN, pid=8))
    _see(sampler)

    assert [each.pid for each in sampler.take()] == [8]


def test_next_try_has_blockers_of_its_own(sampler: BlockerWatch) -> None:
    _see(sampler, SEEN)
    sampler.take()

    assert sampler.take() == ()


def test_next_revision_has_blockers_of_its_own(sampler: BlockerWatch) -> None:
    _see(sampler, SEEN)

    with sampler.during():
        assert sampler.take() == ()


def test_long_wait_is_told_of_once_and_again_after_it_was_over(
    sampler: BlockerWatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for found in ((SEEN,), (SEEN,), (), (SEEN,)):
        _see(sampler, *found)

    assert caplog.messages == [f"still waiting for {SEEN}"] * 2


def test_wait_within_any_lock_timeout_is_not_told_of(
    sampler: BlockerWatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sampler._patience_seconds = 3600.0

    _see(sampler, SEEN)

    assert caplog.messages == []


def test_record_of_a_blocker_is_a_promise() -> None:
    assert SEEN.to_dict() == {
        "pid": 7,
        "application": "report",
        "user": "shop",
        "age_seconds": 3.0,
        "state": "active",
        "query": "select ?",
        "terminated": False,
    }
