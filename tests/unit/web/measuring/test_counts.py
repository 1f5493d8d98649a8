"""Counts add up, also when many threads count at once."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sst.web.measuring.counts import BUCKETS_SECONDS, RequestCounts

if TYPE_CHECKING:
    from sst.metrics.exposition import Sample

LABELS = ("GET", "/items/{number}")


def durations(counts: RequestCounts) -> tuple[Sample, ...]:
    """Return the samples of the histogram."""
    return counts.families()[1].samples


def test_each_bucket_counts_the_faster_ones_too() -> None:
    counts = RequestCounts()

    for seconds in (0.001, 0.01, 0.02, 0.7, 60):
        counts.add(*LABELS, 200, seconds)

    buckets = {each.up_to: each.value for each in durations(counts) if each.up_to}
    assert buckets == {0.01: 2, 0.05: 3, 0.1: 3, 0.5: 3, 1.0: 4, 5.0: 4, math.inf: 5}


def test_sum_and_count_are_of_all_of_them() -> None:
    counts = RequestCounts()

    for seconds in (0.25, 0.5, 64):
        counts.add(*LABELS, 200, seconds)

    whole = {each.suffix: each.value for each in durations(counts) if each.up_to is None}
    assert whole == {"_sum": 64.75, "_count": 3}


def test_status_is_no_label_of_the_durations() -> None:
    counts = RequestCounts()

    for status in (200, 404, 500):
        counts.add(*LABELS, status, 0.1)

    assert len(durations(counts)) == len(BUCKETS_SECONDS) + 2


def test_no_request_is_lost_between_threads() -> None:
    counts = RequestCounts()

    def count_many(_: int) -> None:
        for _ in range(500):
            counts.add(*LABELS, 200, 0.1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_many, range(8)))

    requests, timed = counts.families()
    assert [each.value for each in requests.samples] == [4000]
    assert timed.samples[-1].value == 4000
