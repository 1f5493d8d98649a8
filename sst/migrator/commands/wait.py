"""`wait`: ask until the database answers, or until it has the schema that this code expects."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.errors import DatabaseClosedError, TemporaryError, WaitTimeoutError
from sst.hooks.progress import ProgressLine
from sst.migrator.session.connections import open_connection
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.migrator.session.inspection import DatabaseInspection
from sst.migrator.session.signals import Interrupts
from sst.migrator.values.report import Report
from sst.text import first_line
from sst.within import NoAnswerError, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.values.context import Context

DATABASE = "database"
HEAD = "head"
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_GROWTH = 1.6
_SHORTEST_TRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The result of one look at the database."""

    is_there: bool
    why_not: str = ""
    next_step: str = ""
    state: str | None = None
    current: tuple[str, ...] = ()


def execute_wait(context: Context, goal: str, timeout_seconds: float) -> Report:
    """Return when *goal*, `database` or `head`, is reached; a database that is ahead counts.

    Raises `WaitTimeoutError` after *timeout_seconds*, `ConfigError` for what waiting cannot cure,
    `HistoryError` when the revision files themselves have no head to reach.
    """
    look = _look_for_head if goal == HEAD else _look_for_database
    started = time.monotonic()
    # As the first process of a container, Python would not even notice SIGTERM.
    with (
        translate_driver_errors(context.redact),
        Interrupts(lambda _: None),
        ProgressLine(f"waiting for the {goal}") as line,
    ):
        seen = _poll(lambda: look(context), started + timeout_seconds, line)
    if not seen.is_there:
        raise _timed_out(context, goal, timeout_seconds, seen)
    return Report(
        state=seen.state,
        before=seen.current,
        after=seen.current,
        heads=context.project.heads,
        seconds=time.monotonic() - started,
    )


def _poll(look: Callable[[], Seen], deadline: float, line: ProgressLine) -> Seen:
    pause = _FIRST_PAUSE_SECONDS
    while True:
        seen = _ask(look, max(_SHORTEST_TRY_SECONDS, deadline - time.monotonic()))
        left = deadline - time.monotonic()
        if seen.is_there or left <= 0:
            return seen
        line.show(None, seen.why_not)
        # Jitter keeps a hundred containers from asking in step.
        time.sleep(min(pause * random.uniform(0.7, 1.0), left))  # noqa: S311 - no secret
        pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)


def _ask(look: Callable[[], Seen], seconds: float) -> Seen:
    """Return what *look* sees; a server that accepts and never answers hangs only its thread."""
    try:
        return within(seconds, look, name="wait")
    except NoAnswerError:
        return Seen(is_there=False, why_not="the server does not answer")
    except Exception as error:  # noqa: BLE001 - what asking again cannot cure is raised again
        return _not_yet(error)


def _not_yet(error: Exception) -> Seen:
    """Return *error* as a reason to ask again; raise it when asking again cannot help."""
    if isinstance(error, DatabaseClosedError):
        why = f"{error.what} {error.why}"
        return Seen(is_there=False, why_not=why, next_step=error.next_step)
    if isinstance(error, TemporaryError):
        return Seen(is_there=False, why_not=error.why)
    if isinstance(error, DBAPIError):
        return Seen(is_there=False, why_not=first_line(error, "no message"))
    raise error


def _look_for_database(context: Context) -> Seen:
    with open_connection(context, "sst-wait") as connection:
        connection.execute(text("select 1"))
    return Seen(is_there=True)


def _look_for_head(context: Context) -> Seen:
    with DatabaseInspection(context) as inspection:
        status = inspection.status
    if status.state == "diverged" and status.error:
        raise status.error
    return Seen(
        is_there=not status.pending,
        why_not=status.pending_text,
        state=status.state,
        current=status.current,
    )


def _timed_out(
    context: Context, goal: str, timeout_seconds: float, seen: Seen
) -> WaitTimeoutError:
    return WaitTimeoutError(
        what=f"The {goal} was not there within {timeout_seconds:g} s: {context.url}.",
        why=context.redact(seen.why_not),
        next_step=seen.next_step or _advice(goal, seen),
    )


def _advice(goal: str, seen: Seen) -> str:
    if goal == HEAD and seen.state:
        return "look at the migration that should bring it there"
    return "check that the server runs and can be reached from here, or raise --timeout"
