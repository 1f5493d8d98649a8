"""Requests and their durations, by method, route and status; any thread may count."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from sst.metrics import known
from sst.metrics.exposition import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKETS_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, math.inf)
"""The upper bounds of the durations: few, for each route has all of them."""


@dataclass(slots=True)
class _Durations:
    """The durations of one route's requests."""

    counts: list[int] = field(default_factory=lambda: [0] * len(BUCKETS_SECONDS))
    total_seconds: float = 0.0

    def samples(self, labels: tuple[str, ...]) -> Iterator[Sample]:
        """Yield its parts: each bucket counts the faster ones, too."""
        sums = tuple(accumulate(self.counts))
        for bound, count in zip(BUCKETS_SECONDS, sums, strict=True):
            yield Sample(count, labels, "_bucket", bound)
        yield Sample(self.total_seconds, labels, "_sum")
        yield Sample(sums[-1], labels, "_count")


class RequestCounts:
    """What one process has answered since it began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, str], int] = {}
        self._durations: dict[tuple[str, str], _Durations] = {}

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer with *status* that took *seconds*."""
        request, timed = (method, route, str(status)), (method, route)
        with self._lock:
            self._requests[request] = self._requests.get(request, 0) + 1
            durations = self._durations.get(timed)
            if durations is None:
                durations = self._durations[timed] = _Durations()
            durations.counts[bisect_left(BUCKETS_SECONDS, seconds)] += 1
            durations.total_seconds += seconds

    def families(self) -> tuple[Family, Family]:
        """Return the requests and their durations, both of the same moment."""
        with self._lock:
            requests = tuple(Sample(count, key) for key, count in sorted(self._requests.items()))
            durations = tuple(
                sample
                for key, each in sorted(self._durations.items())
                for sample in each.samples(key)
            )
        return Family(known.REQUESTS, requests), Family(known.REQUEST_SECONDS, durations)
