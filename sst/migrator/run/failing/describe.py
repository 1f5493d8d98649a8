"""The end of a run as others get it: a value for plugins, a word of the record, an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.db.server_errors import server_message
from sst.errors import NO_FAULT, InterruptedRunError, RefusedError, SstError, UnhealthyError
from sst.hooks.calling.calls import HookFailedError
from sst.hooks.contract.events import EventKind
from sst.hooks.contract.run import Failure
from sst.migrator.session.signals import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.run.progress import Progress

    Redact = Callable[[str], str]

INTERRUPTS = (Interrupt, KeyboardInterrupt)
"""Exceptions that end a run as a signal does, whoever raised them."""


def describe(
    error: SstError | None, raised: BaseException, progress: Progress, redact: Redact
) -> Failure:
    """Return *raised* as plugins see it in `migrate_failed`."""
    step = progress.current_step
    fault = error.fault if error else NO_FAULT
    return Failure(
        code=error.code if error else "bug",
        message=redact(error.what if error else server_message(raised)),
        phase="interrupted" if isinstance(raised, INTERRUPTS) else progress.phase,
        revision=step.revision.id if step else None,
        plugin=raised.plugin if isinstance(raised, HookFailedError) else None,
        sqlstate=fault.sqlstate or getattr(error, "sqlstate", None),
        committed=progress.committed_ids,
        backup=progress.backup,
        file=fault.file,
        line=fault.line,
        statement=fault.statement,
    )


def details_of(failure: Failure, error: SstError | None) -> dict[str, Any]:
    """Return the fields of an event that say why a run failed, and what to do next."""
    return {
        "revision": failure.revision,
        "error_code": failure.code,
        "file": failure.file,
        "line": failure.line,
        "statement": failure.statement,
        "why": error.why if error else None,
        "next_step": error.next_step if error else None,
    }


def outcome_of(error: SstError | None) -> str:
    """Return the word for the ledger's column `outcome`."""
    if isinstance(error, InterruptedRunError):
        return "interrupted"
    if isinstance(error, RefusedError):
        return "refused"
    return "unhealthy" if isinstance(error, UnhealthyError) else "failed"


def event_of(error: SstError | None) -> EventKind:
    """Return the event that reports *error*: 5 and 6 are refusals, nothing was touched."""
    if isinstance(error, UnhealthyError):
        return EventKind.RUN_UNHEALTHY
    refused = error is not None and error.exit_code in {2, 5, 6, 75}
    return EventKind.RUN_REFUSED if refused else EventKind.RUN_FAILED
