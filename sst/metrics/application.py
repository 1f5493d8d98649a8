"""The families of one process of the application: readiness, requests, the pool.

Several processes behind one address count apart, each what it has answered itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sst.hooks.contract.checks import CheckStatus
from sst.metrics import known
from sst.metrics.exposition import Family, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.config import Settings
    from sst.db.pool.measured import PoolFigures
    from sst.health.report import HealthReport


def readiness_family(report: HealthReport) -> Family:
    """Return whether `/readyz` would answer 200, as *report* has it."""
    return one(known.READY, int(report.status is not CheckStatus.FAIL))


def pool_families(figures: PoolFigures, settings: Settings) -> Iterator[Family]:
    """Yield how the pool of *settings* stands."""
    overflow = settings.db_max_overflow
    limit = math.inf if overflow < 0 else settings.db_pool_size + overflow
    yield one(known.POOL_IN_USE, figures.in_use)
    yield one(known.POOL_IDLE, figures.idle)
    yield one(known.POOL_LIMIT, limit)
    yield one(known.POOL_WAITING, figures.waiting)
    yield one(known.POOL_TIMEOUTS, figures.timeouts)
