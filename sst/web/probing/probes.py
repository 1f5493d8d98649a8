"""The questions that the endpoints ask the runtime, each shared by all requests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from sst.health.report import HealthReport, NamedResult, run_checks
from sst.hooks.contract.checks import CheckStatus, Stage
from sst.hooks.manager import Contribution
from sst.web.probing.readiness import SchemaLook, core_checks
from sst.web.probing.single_flight import SingleFlight
from sst.web.probing.standing import standing_question
from sst.web.probing.turnstile import Turnstile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.hooks.contract.checks import Check, Inspection
    from sst.runtime import Runtime
    from sst.web.probing.fleet import Fleet

READY_SECONDS = 2.0
"""All of readiness; an orchestrator asks every few seconds and takes late for no."""
HEALTH_SECONDS = 10.0
"""All checks together, whatever their own timeouts are."""
GRACE_SECONDS = 1.0
"""Beyond the budget of a report, after which the endpoint answers without it."""
_HEADS_FRESH_SECONDS = 60.0
_CORE = "core"


class Probes:
    """The questions about *runtime*: ready, well, where it stands, and what it expects.

    Each is asked in a daemon thread of its own, so that no answer of the database, of a plugin
    or of a revision file can hold up the event loop.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        # The runtime makes its parts when they are first used, and two threads would make two.
        self.preparing = threading.RLock()
        self.readiness = self._shared(Stage.READY, READY_SECONDS)
        self.health = self._shared(Stage.CHECK, HEALTH_SECONDS)
        self.standing = standing_question(runtime, self.preparing)
        self.heads: SingleFlight[tuple[str, ...] | None] = SingleFlight(
            self._expected_heads,
            unanswered=lambda _reason: None,
            deadline_seconds=HEALTH_SECONDS,
            fresh_seconds=_HEADS_FRESH_SECONDS,
        )
        self.fleet = self._fleet() if runtime.settings.migrate.targets.watch_every else None
        """All databases that are listed; None where they are not watched."""

    def _fleet(self) -> Fleet:
        # Nothing of it is imported where it is off.
        from sst.web.probing.fleet import Fleet

        return Fleet(self._runtime, self.preparing)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at all databases meanwhile, where they are watched."""
        if self.fleet is None:
            yield
            return
        self.fleet.watch.start()
        try:
            yield
        finally:
            self.fleet.watch.stop()

    def _shared(self, stage: Stage, budget_seconds: float) -> SingleFlight[HealthReport]:
        return SingleFlight(
            Checkup(self._runtime, stage, budget_seconds, self.preparing),
            unanswered=lambda reason: _unanswered(self._runtime.redact(reason)),
            deadline_seconds=budget_seconds + GRACE_SECONDS,
        )

    def _expected_heads(self) -> tuple[str, ...]:
        with self.preparing:
            return self._runtime.project.heads


class Checkup:
    """Run the checks of one *stage* of *runtime*, together in at most *budget_seconds*.

    *preparing* is held while the runtime makes its parts; the checks are collected once.
    """

    def __init__(
        self, runtime: Runtime, stage: Stage, budget_seconds: float, preparing: threading.RLock
    ) -> None:
        self._runtime = runtime
        self._stage = stage
        self._budget_seconds = budget_seconds
        self._preparing = preparing
        self._ask: Callable[[], HealthReport] | None = None

    def __call__(self) -> HealthReport:
        """Return one report on all checks, without secrets; a hung one fails under its name."""
        if self._ask is None:
            self._ask = self._prepare()
        return self._ask()

    def _prepare(self) -> Callable[[], HealthReport]:
        with self._preparing:
            _ = self._runtime.migrator
            look = SchemaLook()
            checks = (*self._core(look), *self._runtime.checks())
        # Room for the checks of this question, and for those that still hang from an earlier one.
        turnstile = Turnstile(self._runtime.inspect, 2 * len(checks))
        ask = partial(
            run_checks,
            checks,
            # What it yields is an inspection, and run_checks does nothing but enter it.
            cast("Callable[[], Inspection]", turnstile.inspect),
            stage=self._stage,
            budget_seconds=self._budget_seconds,
            secrets=self._runtime.secrets,
        )
        return lambda: _with_runs(ask, look, self._runtime.redact)

    def _core(self, look: SchemaLook) -> tuple[Contribution, ...]:
        checks: tuple[Check, ...] = core_checks(self._runtime, self._budget_seconds, look)
        return tuple(Contribution(_CORE, check) for check in checks)


def _with_runs(
    ask: Callable[[], HealthReport], look: SchemaLook, redact: Callable[[str], str]
) -> HealthReport:
    """Return what *ask* reports, and beside it the runs on record as *look* has seen them."""
    look.runs = None
    report = ask()
    runs = look.runs
    if runs is None:
        return report
    result = NamedResult(
        plugin=_CORE,
        name="runs",
        status=runs.status,
        detail=redact(runs.detail),
        code=runs.code,
        duration_ms=0,
        at=datetime.now(UTC),
    )
    return HealthReport.of((*report.results, result))


def _unanswered(reason: str) -> HealthReport:
    result = NamedResult(
        plugin=_CORE,
        name="probe",
        status=CheckStatus.FAIL,
        detail=reason,
        code="unanswered",
        duration_ms=0,
        at=datetime.now(UTC),
    )
    return HealthReport.of((result,))
