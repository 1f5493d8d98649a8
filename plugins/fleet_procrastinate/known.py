"""The targets that a worker knows, from the list on its own machine."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING

from sst.hooks import Answer, Job, Target, Work, packed_report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WRONG_USAGE = 2


class Known:
    """What *read* lists, read anew for each rollout."""

    def __init__(self, read: Callable[[], Sequence[Target]]) -> None:
        self._read = read
        self._by_name: dict[str, Target] = {}
        self._rollout = ""
        self._lock = Lock()

    def named(self, name: str, rollout: str) -> Target | None:
        """Return the target *name*; None where the list has none when *rollout* is first seen."""
        with self._lock:
            if rollout != self._rollout:
                self._by_name = {target.name: target for target in self._read()}
                self._rollout = rollout
            return self._by_name.get(name)


def unknown(name: str) -> Answer:
    """Return the answer to a job with a target that the list of this machine has not."""
    error = {
        "code": "usage",
        "message": f"The worker lists no target {name!r}. Nothing was touched.",
        "hint": "give the worker the list of targets that the call has",
    }
    report = packed_report(json.dumps({"error": error}))
    return Answer(_job(name), _WRONG_USAGE, report=report)


def unwanted(name: str) -> Answer:
    """Return the answer for a call that seems dead; one that lives tries the target again."""
    return Answer(_job(name), None)


def _job(name: str) -> Job:
    return Job(Target(name, ""), Work(()))
