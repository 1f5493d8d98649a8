"""What became of one database of many, and of all of them."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class State(StrEnum):
    """How far the command has come with a database."""

    WAITING = "waiting"
    DONE = "done"
    UNCHANGED = "unchanged"
    """A look has found it where the command would bring it."""
    FAILED = "failed"
    LOST = "lost"
    """No answer came: its worker died again and again, or the engine gave up. Its own record says
    how far it came."""
    SKIPPED = "skipped"
    """Not begun: the rollout was stopped before."""


ENDED_BADLY = frozenset({State.FAILED, State.LOST})
SETTLED = frozenset({State.DONE, State.UNCHANGED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the command on one database."""

    state: State
    exit_code: int | None = None
    """That of the command; None where it has not ended."""
    seconds: float = 0.0
    attempts: int = 0
    report: bytes = b""
    """What the command prints with `--json`, packed."""
    check: bytes = b""
    """The same of a check that has failed after it."""


WAITING = Outcome(State.WAITING)
UNCHANGED = Outcome(State.UNCHANGED)
SKIPPED = Outcome(State.SKIPPED)
UNANSWERED = Outcome(State.LOST)


def counts(outcomes: Iterable[Outcome]) -> Mapping[State, int]:
    """Return how many there are of each state, in the order of the states."""
    found = Counter(outcome.state for outcome in outcomes)
    return {state: found[state] for state in State}


def unpacked(report: bytes) -> dict[str, Any]:
    """Return the keys of a report; none where there is no report."""
    found: dict[str, Any] = json.loads(zlib.decompress(report)) if report else {}
    return found
