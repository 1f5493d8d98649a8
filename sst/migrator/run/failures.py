"""The end of a run: the raised exception as an error, a record, a value for plugins, an event."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, PendingRollbackError

from sst.bridge import EndedTransactionError
from sst.db.server_errors import advice_for, server_message, sqlstate_of, trying_again_is_vain
from sst.errors import (
    ConnectionLostError,
    DatabaseUnreachableError,
    InterruptedRunError,
    RefusedError,
    RevisionFailedError,
    SstError,
    StoppedError,
    TransactionEndedError,
    UnhealthyError,
    VetoedError,
)
from sst.hooks.calling.calls import HookFailedError
from sst.hooks.contract.events import EventKind
from sst.hooks.contract.run import Failure
from sst.migrator.run.lock_timeout_error import lock_timeout_error
from sst.migrator.session.heartbeat import ServerSilent
from sst.migrator.session.signals import Interrupt
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.run.progress import Progress

    Redact = Callable[[str], str]

INTERRUPTS = (Interrupt, KeyboardInterrupt)
"""Exceptions that end a run as a signal does, whoever raised them."""
_LONGEST_STATEMENT = 500
# Manual, appendix A: a table (and index, view, sequence), a schema, a function, an object.
_THERE_ALREADY = {"42P07", "42P06", "42723", "42710"}
_SEE = "look at `python migrate.py check`, correct the cause, then run the command again"


def translate(raised: BaseException, progress: Progress, redact: Redact) -> SstError | None:
    """Return the error to report for *raised*; None for a bug of ours, which is raised again."""
    if isinstance(raised, SstError):
        return raised
    if isinstance(raised, Interrupt | ServerSilent | KeyboardInterrupt):
        return _broken_off(raised, progress)
    if isinstance(raised, HookFailedError):
        return _hook_failed(raised, progress, redact)
    if progress.phase == "revision":
        error = _revision_failed(_original(raised), progress, redact)
        return lock_timeout_error(error, progress, redact)
    if isinstance(raised, DBAPIError):
        return _database_raised(raised, progress, redact)
    return None if isinstance(raised, Exception) else _left(raised, progress, redact)


def describe(
    error: SstError | None, raised: BaseException, progress: Progress, redact: Redact
) -> Failure:
    """Return *raised* as plugins see it in `migrate_failed`."""
    step = progress.current_step
    return Failure(
        code=error.code if error else "bug",
        message=redact(error.what if error else f"{type(raised).__name__}: {raised}"),
        phase="interrupted" if isinstance(raised, INTERRUPTS) else progress.phase,
        revision=step.revision.id if step else None,
        plugin=raised.plugin if isinstance(raised, HookFailedError) else None,
        sqlstate=getattr(error, "sqlstate", None),
        committed=progress.committed_ids,
        backup=progress.backup,
    )


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


def committed_text(progress: Progress) -> str:
    """Say which revisions of this run are committed and where the database stands."""
    done = ", ".join(progress.committed_ids) or "none"
    where = ", ".join(progress.after) or "empty"
    return f"committed in this run: {done}; the database is at {where}"


def unknown_text(progress: Progress) -> str:
    """Say what is committed, and what is not known, when the process ends without the server."""
    known = committed_text(progress)
    if progress.current_step is None:
        return f"{known}; it was in the phase {progress.phase}"
    revision = progress.current_step.revision.id
    return (
        f"{known}; what becomes of {revision} is not known: the server rolls it back when it "
        "notices that the client is gone, unless it is committing"
    )


def _broken_off(
    raised: Interrupt | ServerSilent | KeyboardInterrupt, progress: Progress
) -> SstError:
    if isinstance(raised, ServerSilent):
        return _silent(raised, progress)
    # A revision or a plugin raised what Python raises for SIGINT outside of a run.
    number = raised.signal_number if isinstance(raised, Interrupt) else signal.SIGINT
    return _interrupted(number, progress)


def _left(raised: BaseException, progress: Progress, redact: Redact) -> StoppedError:
    """Return the error for what is none, such as a task's cancellation outside a task."""
    why = redact(f"{type(raised).__name__}: {first_line(raised, 'no message')}")
    what = f"The run was left in the phase {progress.phase}; {committed_text(progress)}."
    return StoppedError(what=what, why=why, next_step=_SEE)


def _interrupted(signal_number: int, progress: Progress) -> InterruptedRunError:
    step = progress.current_step
    rolled = f"; {step.revision.id} was cancelled and rolled back" if step else ""
    if step and progress.attempts.committed:
        rolled = f"; {step.revision.id} was cancelled, and a part of it IS committed"
    return InterruptedRunError(
        signal_number,
        why=committed_text(progress) + rolled,
        next_step="run the command again: it goes on from there",
    )


def _hook_failed(raised: HookFailedError, progress: Progress, redact: Redact) -> SstError:
    veto = raised.veto
    hint = veto.hint if veto else str(getattr(raised.error, "next_step", ""))
    words = {
        "why": redact(raised.why),
        "next_step": redact(hint) or _SEE,
        "code": veto.code if veto else "",
    }
    name = raised.plugin
    if inside := _failed_inside(raised, progress, redact):
        return inside
    if raised.hook == "post_migrate" or len(progress.committed) == len(progress.plan):
        what = f"The schema is migrated, but the check of plugin '{name}' failed afterwards."
        return UnhealthyError(what=what, **words)
    if progress.committed:
        what = f"The plugin '{name}' stopped the run in {raised.hook}; {committed_text(progress)}."
        return StoppedError(what=what, **words)
    what = f"The plugin '{name}' refused the run in {raised.hook}; nothing was touched."
    return VetoedError(what=what, **words)


def _failed_inside(raised: HookFailedError, progress: Progress, redact: Redact) -> SstError | None:
    """Return the error where a plugin has lost the transaction of a revision; None otherwise."""
    if raised.hook == "in_revision" and getattr(raised.error, "connection_invalidated", False):
        return _revision_failed(raised.error, progress, redact)
    if not isinstance(raised.error, EndedTransactionError):
        return None
    step = progress.current_step
    revision = step.revision.id if step else "?"
    return StoppedError(
        what=f"The plugin '{raised.plugin}' ended the transaction of revision {revision} in "
        f"{raised.hook}; {committed_text(progress)}.",
        why=redact(f"{raised.error}; what the plugin wrote before may be committed"),
        next_step="take it out of the plugin: what it writes there commits or rolls back with the "
        "revision; then run the command again",
    )


def _revision_failed(
    raised: BaseException, progress: Progress, redact: Redact
) -> RevisionFailedError:
    step = progress.current_step
    statement = getattr(raised, "statement", None)
    lost = isinstance(raised, DBAPIError) and raised.connection_invalidated
    error_type = ConnectionLostError if lost else RevisionFailedError
    if isinstance(raised, EndedTransactionError):
        return _ended_transaction(raised, progress, redact)
    return error_type(
        step.revision.id if step else "?",
        why=redact(server_message(raised)),
        committed=progress.committed_ids,
        next_step=_made_by_others(raised, progress) or redact(_way_on(raised, progress)),
        sqlstate=sqlstate_of(raised),
        statement=redact(" ".join(statement.split()))[:_LONGEST_STATEMENT] if statement else None,
    )


def _ended_transaction(
    raised: EndedTransactionError, progress: Progress, redact: Redact
) -> TransactionEndedError:
    step = progress.current_step
    kept = "" if progress.attempts.committed else f"; {raised.kept}"
    return TransactionEndedError(
        step.revision.id if step else "?",
        why=redact(f"{raised}{kept}"),
        committed=progress.committed_ids,
        next_step="take it out of the revision: each is committed when it returns, and "
        "op.get_context().autocommit_block() is for what cannot run in a transaction; set right "
        "what is committed, then run the command again",
    )


def _made_by_others(raised: BaseException, progress: Progress) -> str:
    """Return the way on where a database that was never migrated has the objects already."""
    step = progress.current_step
    if step is None or progress.before or sqlstate_of(raised) not in _THERE_ALREADY:
        return ""
    made = "this database was made by other means: if it"
    if progress.committed:
        made = "correct the revision; or if this database was made by other means and"
    return (
        f"{made} holds all that the revisions up to {step.revision.id} make, `python migrate.py "
        f"stamp {step.revision.id}` puts that on record; then run the command again"
    )


def _original(raised: BaseException) -> BaseException:
    """Return the driver's error behind *raised*, when that only says that cleaning up failed too.

    Alembic's autocommit block puts its isolation level back on a connection that is lost.
    """
    behind = raised.__context__ if isinstance(raised, PendingRollbackError) else None
    while behind is not None and not isinstance(behind, DBAPIError):
        behind = behind.__context__
    return behind or raised


def _way_on(raised: BaseException, progress: Progress) -> str:
    advice = advice_for(raised, _role(progress))
    if progress.backup is None:
        return f"{advice}, then run the command again" if advice else _SEE
    advice = advice or "correct the revision"
    return f"{advice}, then run the command again; the backup is {progress.backup.uri}"


def _role(progress: Progress) -> str:
    if progress.run is None:
        return "ROLE"
    return progress.run.database_url.libpq_environment().get("PGUSER", "ROLE")


def _silent(raised: ServerSilent, progress: Progress) -> SstError:
    why = f"the server has not answered for {raised.seconds:g} s (migrate.server_silence)"
    step = progress.current_step
    if step is None:
        return _database_failed(why, progress)
    return ConnectionLostError(
        step.revision.id,
        why=why,
        committed=progress.committed_ids,
        next_step="when it answers again look at `python migrate.py check`, then run the command "
        "again",
    )


def _database_raised(raised: DBAPIError, progress: Progress, redact: Redact) -> SstError:
    why = redact(server_message(raised))
    advice = advice_for(raised, _role(progress))
    if trying_again_is_vain(raised) and not progress.committed:
        return _database_refused(why, progress, advice)
    return _database_failed(why, progress, advice)


def _database_failed(why: str, progress: Progress, advice: str | None = None) -> SstError:
    if progress.committed:
        what = f"The database failed in the phase {progress.phase}; {committed_text(progress)}."
        return StoppedError(what=what, why=why, next_step=_SEE)
    return DatabaseUnreachableError(
        what=f"The database failed in the phase {progress.phase}; nothing was touched.",
        why=why,
        next_step=f"{advice or 'check the server'}, then run the command again",
    )


def _database_refused(why: str, progress: Progress, advice: str | None) -> RefusedError:
    """Return the error where another attempt would not help: a missing right, table or column."""
    vague = "correct what it says (the record of the runs is the schema migrator)"
    return RefusedError(
        what=f"The database refused in the phase {progress.phase}; nothing was touched.",
        why=why,
        next_step=f"{advice or vague}, then run the command again",
    )
