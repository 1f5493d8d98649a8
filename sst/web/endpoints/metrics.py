"""`/metrics`: figures for Prometheus."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from sst.db.pool.measured import MeasuredPool, PoolFigures
from sst.metrics.application import pool_families, readiness_family
from sst.metrics.database import database_families
from sst.metrics.exposition import CONTENT_TYPE, exposition
from sst.web.description import problem_responses
from sst.web.problems import problem
from sst.web.token import TOKEN_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sst.health.report import HealthReport
    from sst.metrics.exposition import Family
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime
    from sst.web.measuring.counts import RequestCounts
    from sst.web.probing.probes import Probes
    from sst.web.token import OperationsToken

_CLOSED = "This needs the operations token (OPERATIONS_TOKEN), as a bearer token."


class MetricsResponse(Response):
    """A text of Prometheus's format."""

    media_type = CONTENT_TYPE


def metrics_router(
    runtime: Runtime, probes: Probes, counts: RequestCounts, token: OperationsToken
) -> APIRouter:
    """Return the route that answers *probes* and *counts*; nobody else reads it without *token*.

    With `metrics = "open"` in the settings of *runtime* everybody reads it.
    """
    is_open = runtime.settings.metrics == "open"
    router = APIRouter(tags=["health"], dependencies=[] if is_open else [TOKEN_FIELD])
    refused = {} if is_open else problem_responses({HTTPStatus.UNAUTHORIZED: _CLOSED})

    @router.head("/metrics", include_in_schema=False)
    @router.get("/metrics", response_class=MetricsResponse, responses=refused)
    async def metrics(request: Request) -> Response:
        """Say in figures where the database stands, and what this process has answered."""
        if not is_open and not token.admits(request):
            headers = {"WWW-Authenticate": "Bearer"}
            return problem(HTTPStatus.UNAUTHORIZED, _CLOSED, headers=headers)
        report, readiness, fleet = await asyncio.gather(
            probes.standing.answer(), probes.readiness.answer(), _of_the_fleet(probes)
        )
        families = (*_families(report, readiness, runtime, counts), *fleet)
        return MetricsResponse(exposition(families))

    return router


def _families(
    report: Report, readiness: HealthReport, runtime: Runtime, counts: RequestCounts
) -> Iterator[Family]:
    yield from database_families(report, runtime.redact)
    yield readiness_family(readiness)
    yield from counts.families()
    yield from pool_families(_pool(runtime), runtime.settings)


async def _of_the_fleet(probes: Probes) -> Iterable[Family]:
    """Return the families of all databases; none where they are not watched."""
    if probes.fleet is None:
        return ()
    from sst.metrics.fleet import fleet_families

    return fleet_families(await probes.fleet.inventory.answer())


def _pool(runtime: Runtime) -> PoolFigures:
    """Return the figures of the pool of *runtime*; before its first use there is none."""
    engine = vars(runtime).get("engine")
    pool = engine.pool if engine is not None else None
    return pool.figures() if isinstance(pool, MeasuredPool) else PoolFigures()
