"""The rollout: one wave after the other, within the limits, until all is done or it is stopped."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from sst.db.url import DatabaseUrl
from sst.fleet.budget import NO_LIMIT, Budget
from sst.fleet.outcome import ENDED_BADLY, SKIPPED, WAITING, Outcome, State
from sst.hooks.contract.fleet.jobs import Job
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.config.sources.target import Target
    from sst.hooks.contract.fleet.engines import Engine
    from sst.hooks.contract.fleet.jobs import Answer, Work

    Server = tuple[str, ...]
    Try = tuple[Target, int]
    """A database, and which attempt on it this is, from 1 on."""

TEMPORARY = 75
_MOST_DEATHS = 6
"""Of workers on one database; what kills them each time would do so for ever."""
_ROUND_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rollout keeps within."""

    per_server: int
    """Databases of one server at once."""
    budget: Budget = NO_LIMIT
    pause_seconds: float = 0.0
    """Between two waves."""
    attempts: int = 1
    """On a database that is busy or away: exit 75."""
    again_after_seconds: float = 2.0
    """Before the second attempt; the pause doubles."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing more is begun."""

    why: str = ""
    signal_number: int = 0
    """The signal that asked for it; 0 for none."""


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
        self.wave = 0
        """The number of the wave that is at work, from 1 on."""
        self._failed = 0
        self._asked_to_stop = Event()

    def interrupt(self, signal_number: int) -> None:
        """Begin nothing more, and let what is at work end in order; from a signal handler."""
        self.stop = self.stop or Stop(signal_number=signal_number)
        self._asked_to_stop.set()
        self._engine.interrupt(signal_number)

    def run(self) -> None:
        """Work on all databases, or on as many as come before a stop."""
        for number, wave in enumerate(self._waves, 1):
            if number > 1:
                self._asked_to_stop.wait(self._limits.pause_seconds)
            if self.stop is None:
                self.wave = number
                self._work_on(_Wave(wave, self._limits))
                self._judge_canary()
        for name, outcome in self.outcomes.items():
            if outcome is WAITING:
                self._settle(name, SKIPPED)

    def _judge_canary(self) -> None:
        if self._is_canaried and self.wave == 1 and self._failed and self.stop is None:
            self.stop = Stop(f"{counted(self._failed, 'failure')} in the canary")

    def _work_on(self, wave: _Wave) -> None:
        while wave.at_work or (wave.left and self.stop is None):
            while self.stop is None and self._engine.free > 0 and (one := wave.next_try()):
                target, attempt = one
                self._engine.begin(Job(target, self._work, attempt))
            for answer in self._engine.answers(_ROUND_SECONDS):
                self._take(answer, wave)

    def _take(self, answer: Answer, wave: _Wave) -> None:
        target = answer.job.target
        wave.ended(target)
        if answer.is_skipped or (self.stop is None and wave.is_tried_again(answer)):
            return
        self._settle(target.name, _outcome(answer))

    def _settle(self, name: str, outcome: Outcome) -> None:
        self.outcomes[name] = outcome
        if outcome.state in ENDED_BADLY:
            self._failed += 1
            if self.stop is None and not self._limits.budget.allows(
                self._failed, len(self.outcomes)
            ):
                failures = counted(self._failed, "failure")
                self.stop = Stop(f"{failures}, and --max-failures is {self._limits.budget}")
                self._engine.withdraw()
        self._tell(name, outcome)


class _Wave:
    """The databases of one wave that wait, by their servers, and those that are at work."""

    def __init__(self, targets: Sequence[Target], limits: Limits) -> None:
        self._limits = limits
        self._queues: dict[Server, deque[Try]] = {}
        self._turns: deque[Server] = deque()
        """The servers for which some wait, in the order in which they are asked."""
        self._later: list[tuple[float, Try]] = []
        self._busy: Counter[Server] = Counter()
        self._tries: Counter[tuple[str, bool]] = Counter()
        for target in targets:
            self._queue((target, 1))

    @property
    def at_work(self) -> int:
        """How many are at work."""
        return self._busy.total()

    @property
    def left(self) -> bool:
        """Whether any waits."""
        return bool(self._later or self._turns)

    def next_try(self) -> Try | None:
        """Return one that may begin now; servers take turns."""
        self._call_back()
        for _ in range(len(self._turns)):
            server = self._turns.popleft()
            if self._busy[server] < self._limits.per_server:
                found = self._queues[server].popleft()
                self._busy[server] += 1
                if self._queues[server]:
                    self._turns.append(server)
                return found
            self._turns.append(server)
        return None

    def ended(self, target: Target) -> None:
        """Say that *target* is no longer at work."""
        self._busy[_server_of(target)] -= 1

    def is_tried_again(self, answer: Answer) -> bool:
        """Let the database of *answer* be tried once more, if that can help; say whether it is."""
        is_death = answer.exit_code is None
        if not (is_death or answer.exit_code == TEMPORARY):
            return False
        key = (answer.job.target.name, is_death)
        self._tries[key] += 1
        if self._tries[key] >= (_MOST_DEATHS if is_death else self._limits.attempts):
            return False
        pause = self._limits.again_after_seconds * 2 ** (self._tries[key] - 1)
        due = time.monotonic() + (0.0 if is_death else pause)
        self._later.append((due, (answer.job.target, answer.job.attempt + 1)))
        return True

    def _call_back(self) -> None:
        now = time.monotonic()
        for entry in [each for each in self._later if each[0] <= now]:
            self._later.remove(entry)
            self._queue(entry[1])

    def _queue(self, one: Try) -> None:
        server = _server_of(one[0])
        queue = self._queues.setdefault(server, deque())
        if not queue:
            self._turns.append(server)
        queue.append(one)


def _server_of(target: Target) -> Server:
    return DatabaseUrl(target.url).place()[:-1]


def _outcome(answer: Answer) -> Outcome:
    state = State.FAILED if answer.exit_code else State.DONE
    if answer.exit_code is None:
        state = State.LOST
    elif answer.is_unchanged:
        state = State.UNCHANGED
    attempts = answer.job.attempt
    return Outcome(state, answer.exit_code, answer.seconds, attempts, answer.report)
