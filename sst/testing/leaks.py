"""Notice what a plugin leaves behind in its process: threads, variables, the working folder."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessState:
    """The process at one moment."""

    threads: frozenset[threading.Thread]
    variables: dict[str, str]
    folder: str

    @classmethod
    def now(cls) -> ProcessState:
        """Return the process as it is."""
        return cls(frozenset(threading.enumerate()), dict(os.environ), _folder())

    def leaks(self) -> tuple[str, ...]:
        """Return what has changed since, a line each; values are not shown."""
        threads = sorted(thread.name for thread in set(threading.enumerate()) - self.threads)
        return (*(f"the thread {name} is still running" for name in threads), *self.changes())

    def changes(self) -> tuple[str, ...]:
        """Return the same without threads, which others may start at the same time."""
        now = ProcessState.now()
        names = sorted(self.variables.keys() | now.variables.keys())
        changed = [name for name in names if self.variables.get(name) != now.variables.get(name)]
        moved = [now.folder] if now.folder != self.folder else []
        return (
            *(f"the variable {name} has changed" for name in changed if name not in _PYTESTS),
            *(f"the working folder is now {folder}" for folder in moved),
        )


_PYTESTS = frozenset({"PYTEST_CURRENT_TEST"})


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a folder that is gone has no Path
    except FileNotFoundError:
        return "one that is gone"
