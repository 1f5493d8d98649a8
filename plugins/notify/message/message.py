"""Title, facts, reason, next step and links of an event: what each form shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from sst.hooks import EventKind, duration_text, listed, span_text

from .texts import lines, one_line
from .titles import LEVELS, Level, title_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks import Backup, Event

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what there is to say of it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """What people are told of an event; its texts have no control characters."""

    title: str
    level: Level
    text: str
    """What happened, in a sentence."""
    facts: tuple[Fact, ...]
    """Short ones, a line each."""
    more: tuple[Fact, ...]
    """Long ones: why, what to do next, the statement."""
    state_page: str | None = None


def message_of(event: Event, state_page: str | None = None) -> Message:
    """Return what people are told of *event*, with a link to the *state_page* if there is one."""
    return Message(
        title=title_of(event),
        level=LEVELS[event.kind],
        text=lines(event.message),
        facts=_said(_facts(event), one_line),
        more=_said(_more(event), lines),
        state_page=state_page,
    )


def _said(pairs: dict[str, str | None], clean: Callable[[str], str]) -> tuple[Fact, ...]:
    return tuple(Fact(name, clean(text)) for name, text in pairs.items() if text)


def _facts(event: Event) -> dict[str, str | None]:
    return {
        "Environment": event.environment,
        "Target": event.target,
        "Database": event.database,
        "Revision": _moved(event),
        "At": _place(event),
        "Took": _took(event.duration_ms),
        "Backup": _backup(event.backup) if event.backup else None,
        "Run": event.run_id,
        "By": event.actor,
        "Time": f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    }


def _more(event: Event) -> dict[str, str | None]:
    return {"Why": event.why, "Next": event.next_step, "Statement": event.statement}


def _moved(event: Event) -> str:
    """Return `a1 → b2`; one side where the database did not move, nothing where it is unknown.

    A rollout is of many databases, and of no revision.
    """
    if event.kind is EventKind.REVISION_APPLIED or not event.database:
        return event.revision or ""
    if event.kind is EventKind.RUN_REFUSED:
        # Nothing was touched, and perhaps nothing was read.
        return listed(event.before)
    before = listed(event.before) or "empty"
    if event.kind is EventKind.RUN_STARTED:
        return before
    after = listed(event.after) or ("base" if event.command == "downgrade" else "empty")
    return before if after == before else f"{before} → {after}"


def _place(event: Event) -> str | None:
    return f"{event.file}:{event.line}" if event.file and event.line else event.file


def _took(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    is_long = milliseconds >= _MINUTE_MS
    return span_text(milliseconds / 1000) if is_long else duration_text(milliseconds)


def _backup(backup: Backup) -> str:
    return f"{backup.id}, {backup.proof}"
