"""Notice what a plugin leaves behind in its process: threads, variables, the working folder."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sst.process.environment import Variables, working_folder


@dataclass(frozen=True)
class ProcessState:
    """The process at one moment."""

    threads: frozenset[threading.Thread]
    variables: Variables
    folder: str | None
    """None for one that is gone."""

    @classmethod
    def now(cls) -> ProcessState:
        """Return the process as it is."""
        return cls(frozenset(threading.enumerate()), Variables.now(), working_folder())

    def leaks(self) -> tuple[str, ...]:
        """Return what has changed since, a line each; values are not shown."""
        threads = sorted(thread.name for thread in set(threading.enumerate()) - self.threads)
        return (*(f"the thread {name} is still running" for name in threads), *self.changes())

    def changes(self) -> tuple[str, ...]:
        """Return the same without threads, which others may start at the same time."""
        now = ProcessState.now()
        changed = [name for name in self.variables.changed(now.variables) if name not in _PYTESTS]
        replaced = self.variables.is_own != now.variables.is_own
        moved = [now.folder or "one that is gone"] if now.folder != self.folder else []
        return (
            *(f"the variable {name} has changed" for name in changed),
            *(["os.environ is another object"] if replaced else []),
            *(f"the working folder is now {folder}" for folder in moved),
        )


_PYTESTS = frozenset({"PYTEST_CURRENT_TEST"})
