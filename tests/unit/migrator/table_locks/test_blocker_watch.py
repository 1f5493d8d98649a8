"""Blockers are kept until they are taken, and a long wait is told of once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sst.migrator.table_locks.blocker_watch import BlockerWatch
from sst.migrator.table_locks.blockers import Blocker

SEEN = Blocker(7, "2026-01-01", "report", "shop", 3.0, "active", "select ?")


@pytest.fixture
def sampler() -> BlockerWatch:
    """Return one that looks at nothing by itself, and is out of patience at once."""
    settings = SimpleNamespace(lock_timeout=-10.0)
    return BlockerWatch(
        cast("Any", SimpleNamespace(settings=settings, redact=str)), timeout_seconds=1
    )


def test_last_blockers_are_kept_when_nobody_blocks_any_more(sampler: BlockerWatch) -> None:
    """When the timeout has fired the last look finds nobody."""
    sampler._see((SEEN,))
    sampler._see((replace(SEEN, pid=8),))
    sampler._see(())

    assert [each.pid for each in sampler.take()] == [8]


def test_next_try_has_blockers_of_its_own(sampler: BlockerWatch) -> None:
    sampler._see((SEEN,))
    sampler.take()

    assert sampler.take() == ()


def test_long_wait_is_told_of_once_and_again_after_it_was_over(
    sampler: BlockerWatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for found in ((SEEN,), (SEEN,), (), (SEEN,)):
        sampler._see(found)

    assert caplog.messages == [f"still waiting for {SEEN}"] * 2


def test_wait_within_any_lock_timeout_is_not_told_of(
    sampler: BlockerWatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sampler._patience_seconds = 3600.0

    sampler._see((SEEN,))

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
