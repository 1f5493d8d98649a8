"""The rollout: one wave after the other, within the limits, until all is done or it is stopped."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sst.errors import SstError, UnhealthyError
from sst.fleet.budget import NO_LIMIT, Budget
from sst.fleet.outcome import (
    ENDED_BADLY,
    SETTLED,
    SKIPPED,
    UNANSWERED,
    UNCHANGED,
    WAITING,
    Outcome,
    State,
)
from sst.fleet.wave import Wave
from sst.hooks.contract.fleet.jobs import Job
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.config.sources.target import Target
    from sst.hooks.contract.fleet.engines import Engine
    from sst.hooks.contract.fleet.jobs import Answer, Work

TEMPORARY = 75
_MOST_DEATHS = 6
"""Of workers on one database; what kills them each time would do so for ever."""
_MOST_DEATHS_IN_A_ROW = 20
"""Of workers on whatever databases, without an answer between two."""
_ROUND_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rollout keeps within."""

    per_server: int
    """Databases of one server at once."""
    budget: Budget = NO_LIMIT
    pause_seconds: float = 0.0
    """Between two waves."""
    check: Work | None = None
    """Done after that pause with those of the wave before that went well; failing counts."""
    attempts: int = 1
    """On a database that is busy or away: exit 75."""
    again_after_seconds: float = 2.0
    """Before the second attempt; the pause doubles."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing more is begun."""

    why: str = ""
    is_for_failures: bool = False
    """Whether the canary or the budget has stopped it."""
    signal_number: int = 0
    """The signal that asked for it; 0 for none."""
    error: SstError | None = None
    """What the engine has given up with."""


class Rollout:
    """Brings *waves* of databases to *engine*, which does *work* with each, within *limits*.

    *tell* is called with each outcome. With *is_canaried* the first wave must have no failure.
    """

    def __init__(
        self,
        waves: Sequence[Sequence[Target]],
        work: Work,
        engine: Engine,
        limits: Limits,
        tell: Callable[[str, Outcome], None],
        *,
        is_canaried: bool = False,
    ) -> None:
        self._waves = waves
        self._work = work
        self._engine = engine
        self._limits = limits
        self._tell = tell
        self._is_canaried = is_canaried
        self.outcomes = {target.name: WAITING for wave in waves for target in wave}
        """What became of each database, by its name."""
        self.stop: Stop | None = None
        """Why it was stopped before its end; None while it was not."""
        self.settled: Sequence[Target] = ()
        """Those that were done before this rollout; the check begins with them."""
        self.wave = 0
        """The number of the wave that is at work, from 1 on."""
        self._failed = 0
        self._is_checking = False
        self._deaths = 0
        self._begun: set[str] = set()
        """Those that the engine has and has not answered."""
        self._last: dict[str, Outcome] = {}
        """How the attempt ended on a database that is to be tried again."""

    def interrupt(self, signal_number: int) -> None:
        """Begin nothing more, and let what is at work end in order; from a signal handler."""
        self.stop = self.stop or Stop(signal_number=signal_number)
        self._engine.interrupt(signal_number)

    def run(self) -> None:
        """Work on all databases, or on as many as come before a stop.

        What the engine gives up with is a stop: the report has what was done until then.
        """
        try:
            self._work_in_waves()
        except SstError as error:
            self.stop = self.stop or Stop(error=error)
        # A look that was left where it is has begun nothing.
        given_up = self._begun if self.stop and self.stop.error else frozenset()
        for name, outcome in self.outcomes.items():
            if outcome is WAITING:
                unanswered = UNANSWERED if name in given_up else SKIPPED
                self._settle(name, self._last.get(name, unanswered))

    def _work_in_waves(self) -> None:
        before = self.settled
        for number, wave in enumerate(self._waves, 1):
            if number > 1 and before:
                self._pause()
            self._check(before)
            if self.stop is None:
                self.wave = number
                self._work_on(wave, self._work)
            before = wave

    def _pause(self) -> None:
        end = time.monotonic() + self._limits.pause_seconds
        while self.stop is None and (left := end - time.monotonic()) > 0:
            self._engine.answers(min(left, _ROUND_SECONDS))

    def _check(self, targets: Sequence[Target]) -> None:
        """Look again at those of *targets* that went well; what fails now has failed."""
        well = [each for each in targets if self._is_settled(each)]
        if self._limits.check and well and self.stop is None:
            self._is_checking = True
            self._work_on(well, self._limits.check)
            self._is_checking = False

    def _is_settled(self, target: Target) -> bool:
        return self.outcomes.get(target.name, UNCHANGED).state in SETTLED

    def _work_on(self, targets: Sequence[Target], work: Work) -> None:
        wave = Wave(targets, self._limits.per_server)
        while self._is_awaited(wave) or (wave.left and self.stop is None):
            while self.stop is None and self._engine.free > 0 and (one := wave.next_try()):
                target, attempt = one
                self._begun.add(target.name)
                self._engine.begin(Job(target, work, attempt))
            for answer in self._engine.answers(_ROUND_SECONDS):
                self._take(answer, wave)

    def _is_awaited(self, wave: Wave) -> bool:
        """Say whether some are at work; a look changes nothing, and is left where it is."""
        return wave.at_work > 0 and not (self._work.is_look and self._is_interrupted)

    @property
    def _is_interrupted(self) -> bool:
        return self.stop is not None and self.stop.signal_number > 0

    def _take(self, answer: Answer, wave: Wave) -> None:
        name = answer.job.target.name
        self._begun.discard(name)
        wave.ended(answer)
        if answer.is_skipped:
            if self.stop is None:
                wave.again(answer.job, answer.job.attempt)
            return
        self._count_deaths(answer)
        pause = self._pause_before_next(answer, wave)
        if self.stop is None and pause is not None:
            self._last[name] = _outcome(answer)
            wave.again(answer.job, answer.job.attempt + 1, after_seconds=pause)
            return
        if not self._is_checking:
            self._settle(name, _outcome(answer))
        elif answer.exit_code != 0 and not self._is_interrupted:
            self._settle(name, _unhealthy(self.outcomes.get(name, UNCHANGED), answer))

    def _count_deaths(self, answer: Answer) -> None:
        self._deaths = self._deaths + 1 if answer.exit_code is None else 0
        if self._deaths >= _MOST_DEATHS_IN_A_ROW and self.stop is None:
            self._stop(f"{counted(self._deaths, 'process')} died one after the other")

    def _pause_before_next(self, answer: Answer, wave: Wave) -> float | None:
        """Return after how many seconds its database is tried again; None where that is over."""
        if answer.exit_code is None:
            return 0.0 if wave.count(answer) < _MOST_DEATHS else None
        if answer.exit_code != TEMPORARY:
            return None
        tries = wave.count(answer)
        pause = self._limits.again_after_seconds * 2 ** (tries - 1)
        return pause if tries < self._limits.attempts else None

    def _settle(self, name: str, outcome: Outcome) -> None:
        self.outcomes[name] = outcome
        self._last.pop(name, None)
        if outcome.state in ENDED_BADLY:
            self._failed += 1
            self._stop_for_failures()
        self._tell(name, outcome)

    def _stop_for_failures(self) -> None:
        why = self._why_to_stop()
        if why and self.stop is None:
            self._stop(why, is_for_failures=True)
        elif why and self.stop and self.stop.is_for_failures:
            # What was at work has failed as well since then.
            self.stop = replace(self.stop, why=why)

    def _stop(self, why: str, *, is_for_failures: bool = False) -> None:
        self.stop = Stop(why, is_for_failures=is_for_failures)
        self._engine.withdraw()

    def _why_to_stop(self) -> str:
        failures = counted(self._failed, "failure")
        if self._is_canaried and self.wave == 1:
            return f"{failures} in the canary"
        if not self._limits.budget.allows(self._failed, len(self.outcomes)):
            return f"{failures}, and --max-failures is {self._limits.budget}"
        return ""


def _unhealthy(before: Outcome, answer: Answer) -> Outcome:
    """Return what became of a database that was done and whose check has failed afterwards."""
    if answer.exit_code is None:
        return replace(before, state=State.LOST, exit_code=None)
    code = UnhealthyError.exit_code
    return replace(before, state=State.FAILED, exit_code=code, check=answer.report)


def _outcome(answer: Answer) -> Outcome:
    state = State.FAILED if answer.exit_code else State.DONE
    if answer.exit_code is None:
        state = State.LOST
    elif answer.is_unchanged:
        state = State.UNCHANGED
    attempts = answer.job.attempt
    return Outcome(state, answer.exit_code, answer.seconds, attempts, answer.report)
