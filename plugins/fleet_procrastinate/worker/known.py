"""The targets that a worker knows, from the list on its own machine."""

from __future__ import annotations

import json
from socket import gethostname
from threading import Lock
from typing import TYPE_CHECKING

from sst.hooks import (
    Answer,
    ConfigError,
    Job,
    Target,
    TemporaryError,
    Work,
    first_line,
    packed_report,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_WRONG_USAGE = 2

_MOST_LISTS = 8


class Known:
    """What *read* lists, read anew for each rollout."""

    def __init__(self, read: Callable[[], Sequence[Target]]) -> None:
        self._read = read
        self._lists: dict[str, Mapping[str, Target]] = {}
        """By rollout: calls may take turns."""
        self._lock = Lock()

    def named(self, name: str, rollout: str) -> Target | None:
        """Return the target *name*; None where the list has none when *rollout* is first seen.

        Raises what reading the list raises.
        """
        with self._lock:
            if rollout not in self._lists:
                self._lists[rollout] = {target.name: target for target in self._read()}
                if len(self._lists) > _MOST_LISTS:
                    del self._lists[next(iter(self._lists))]
            return self._lists[rollout].get(name)


def unknown(name: str) -> Answer:
    """Return the answer to a job with a target that the list of this machine has not."""
    return _refused(
        name,
        _WRONG_USAGE,
        code="usage",
        message=f"The worker on {gethostname()} lists no target {name!r}. Nothing was touched.",
        hint="give the worker the list of targets that the call has",
    )


def unlisted(name: str, error: Exception) -> Answer:
    """Return the answer to a job where *error* is why the list of this machine cannot be read."""
    exit_code, code, reason = 1, "failed", type(error).__name__
    if isinstance(error, ConfigError | TemporaryError):
        exit_code, code = error.exit_code, error.code
        reason = f"{error.what} {first_line(error.why)}"
    return _refused(
        name,
        exit_code,
        code=code,
        message=f"The worker on {gethostname()} cannot read its list of targets. {reason}",
        hint="see there what `python migrate.py targets list` says",
    )


def _refused(name: str, exit_code: int, **error: str) -> Answer:
    return Answer(_job(name), exit_code, report=packed_report(json.dumps({"error": error})))


def unwanted(name: str) -> Answer:
    """Return the answer for a call that seems dead; one that lives queues the target again."""
    return Answer(_job(name), None, is_skipped=True)


def _job(name: str) -> Job:
    return Job(Target(name, ""), Work(()))
