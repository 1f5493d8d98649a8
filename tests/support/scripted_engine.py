"""An engine that works on nothing: it answers by a script, in the order in which jobs began."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from sst.config.sources.target import Target
from sst.db.url import DatabaseUrl
from sst.hooks.contract.fleet.jobs import Answer, Job, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WORK = Work(("upgrade",))
SKIPPED = "skipped"
"""In a script: the job is given back."""
_IDLE_SECONDS = 0.002


def target(name: str, server: str = "one") -> Target:
    """Return the target *name* on the server called *server*."""
    return Target(name, f"postgresql://o@{server}.example/{name}")


def targets(count: int, server: str = "one") -> tuple[Target, ...]:
    """Return so many targets on one server: `t000`, `t001` and so on."""
    return tuple(target(f"t{number:03}", server) for number in range(count))


class ScriptedEngine:
    """Answers each attempt on a database with the next exit code that *script* has for it.

    None stands for a worker that died; what no script is left for ends with 0. It has *most* jobs
    at once, and answers one at a time. *meanwhile* is called before each answer.
    """

    def __init__(
        self,
        script: Mapping[str, Sequence[int | str | None]] | None = None,
        most: int = 4,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        self._script = {name: list(codes) for name, codes in (script or {}).items()}
        self._most = most
        self.meanwhile = meanwhile
        self._jobs: list[Job] = []
        self.begun: list[str] = []
        """The names of the databases, in the order in which the work on them began."""
        self.times: dict[str, list[float]] = defaultdict(list)
        """When it began, each time."""
        self.most_at_once: Counter[str] = Counter()
        """How many of one server were at work at once, at most."""
        self.signals: list[int] = []
        self.is_withdrawn = False

    @property
    def free(self) -> int:
        """How many more jobs would begin at once."""
        return self._most - len(self._jobs)

    def begin(self, job: Job) -> None:
        """Begin *job*; its answer comes later."""
        self._jobs.append(job)
        self.begun.append(job.target.name)
        self.times[job.target.name].append(time.monotonic())
        servers = Counter(DatabaseUrl(each.target.url).place()[0] for each in self._jobs)
        self.most_at_once |= servers

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Answer the oldest job."""
        self.meanwhile()
        if not self._jobs:
            time.sleep(min(timeout_seconds, _IDLE_SECONDS))
            return ()
        job = self._jobs.pop(0)
        codes = self._script.get(job.target.name, [])
        code = codes.pop(0) if codes else 0
        if isinstance(code, str):
            return (Answer(job, None, is_skipped=True),)
        return (Answer(job, code, is_unchanged=job.work.is_look and code == 0),)

    def withdraw(self) -> None:
        """Note that nothing more is to be begun."""
        self.is_withdrawn = True

    def interrupt(self, signal_number: int) -> None:
        """Note the signal."""
        self.signals.append(signal_number)

    def close(self) -> None:
        """There is nothing to end."""
