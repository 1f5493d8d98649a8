"""Ask many checks at once, each with a deadline of its own, and make one report of it.

A check sits in a daemon thread with its own connection: a database that does not answer hangs
that thread alone, and the process can still end.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sst.errors import SstError
from sst.hooks.contract.checks import CheckResult, CheckStatus
from sst.hooks.contract.error_location import describe_error
from sst.hooks.contract.events import rfc3339
from sst.kept.doubts import doubt, varies
from sst.redaction.redact import mask_credentials, redact
from sst.text import first_line
from sst.within import ThreadedWork

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from sst.hooks.contract.checks import Check, Inspection, Stage
    from sst.hooks.manager import Contribution

_WORST_FIRST = (CheckStatus.FAIL, CheckStatus.WARN)


@dataclass(frozen=True, slots=True)
class NamedResult:
    """The result of one plugin's check, with its time."""

    plugin: str
    name: str
    status: CheckStatus
    detail: str
    code: str | None
    duration_ms: int
    at: datetime
    """When the check was asked, in UTC."""
    items: tuple[str, ...] = ()
    """All that *detail* counts, where it names the first ones."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values; the time is RFC 3339 in UTC."""
        return {
            "plugin": self.plugin,
            "name": self.name,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
            "duration_ms": self.duration_ms,
            "at": varies(rfc3339(self.at), "now", "milliseconds", before='"at": "', after='"'),
            "items": list(self.items),
        }


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The results of all checks of one stage, in the order of the plugins."""

    status: CheckStatus
    """The worst status; a skipped check counts as passed, and so does no check at all."""
    results: tuple[NamedResult, ...]

    @classmethod
    def of(cls, results: Iterable[NamedResult]) -> HealthReport:
        """Return the report of *results*."""
        known = tuple(results)
        found = {result.status for result in known}
        worst = next((each for each in _WORST_FIRST if each in found), CheckStatus.PASS)
        return cls(worst, known)

    @property
    def failures(self) -> tuple[NamedResult, ...]:
        """The results that say `fail`."""
        return tuple(each for each in self.results if each.status is CheckStatus.FAIL)


def run_checks(
    checks: Sequence[Contribution],
    inspect: Callable[[], Inspection],
    *,
    stage: Stage,
    budget_seconds: float | None = None,
    secrets: Collection[str] = (),
) -> HealthReport:
    """Ask all *checks* of *stage* at the same time and return within the longest deadline.

    *inspect* opens a look at the database, once for each check and in its thread; opening it
    counts as the check's time.  *budget_seconds* shortens every deadline.
    *secrets* are masked in what the checks say.
    Never raises: a check that raises, answers nonsense or does not answer has failed.
    """
    chosen = (each for each in checks if stage in each.value.stages)
    asked = [_Asked(each, inspect, budget_seconds) for each in chosen]
    return HealthReport.of(each.result(secrets) for each in asked)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer of a check's thread."""

    found: CheckResult
    seconds: float


@dataclass(slots=True)
class _Asked:
    """A check that is being asked, from the moment it is created."""

    contribution: Contribution
    inspect: Callable[[], Inspection]
    budget_seconds: float | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started: float = field(default_factory=time.monotonic)
    _work: ThreadedWork[_Answer] = field(init=False)

    def __post_init__(self) -> None:
        if not self._check.cacheable:
            doubt(f"the check {self._check.name} is asked")
        self._work = ThreadedWork(self._ask, name=f"check-{self._check.name}").start()

    def result(self, secrets: Collection[str]) -> NamedResult:
        """Wait until the check's deadline and return what it said by then."""
        left_seconds = max(0.0, self._started + self._timeout_seconds - time.monotonic())
        is_late = self._work.failure(left_seconds) is not None
        answer = self._no_answer() if is_late else self._work.result(0)

        def clean(text: str) -> str:
            return redact(mask_credentials(text), secrets)

        return NamedResult(
            plugin=self.contribution.plugin,
            name=self._check.name,
            status=answer.found.status,
            detail=clean(answer.found.detail),
            code=answer.found.code,
            duration_ms=round(answer.seconds * 1000),
            at=self.at,
            items=tuple(map(clean, answer.found.items)),
        )

    @property
    def _check(self) -> Check:
        check: Check = self.contribution.value
        return check

    @property
    def _timeout_seconds(self) -> float:
        own = self._check.timeout_seconds
        return own if self.budget_seconds is None else min(own, self.budget_seconds)

    def _ask(self) -> _Answer:
        try:
            found = _outcome(self._check, self.inspect)
        except BaseException as error:  # noqa: BLE001 - nothing of it may leave the thread
            found = _failure(error)
        return _Answer(found, time.monotonic() - self._started)

    def _no_answer(self) -> _Answer:
        detail = f"no answer within {self._timeout_seconds:g} s"
        found = CheckResult(CheckStatus.FAIL, detail, "timeout")
        return _Answer(found, time.monotonic() - self._started)


def _outcome(check: Check, inspect: Callable[[], Inspection]) -> CheckResult:
    with inspect() as inspection:
        found: object = check.run(inspection)
    if isinstance(found, CheckResult):
        return found
    detail = f"returned {type(found).__name__}, not CheckResult"
    return CheckResult(CheckStatus.FAIL, detail, "check_broken")


def _failure(error: BaseException) -> CheckResult:
    """Return *error* as a failure: its first line only, for the rest may quote statements."""
    if isinstance(error, SstError):
        return CheckResult(CheckStatus.FAIL, first_line(error), error.code)
    return CheckResult(CheckStatus.FAIL, describe_error(error), "check_raised")
