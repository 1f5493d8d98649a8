"""The end of a run: the raised exception as an error."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.bridge import EndedTransactionError
from sst.db.advice import advice_for
from sst.db.server_errors import server_message, trying_again_is_vain
from sst.errors import (
    ConnectionLostError,
    DatabaseUnreachableError,
    Fault,
    InterruptedRunError,
    RefusedError,
    SstError,
    StoppedError,
    UnhealthyError,
    VetoedError,
)
from sst.hooks.calling.calls import HookFailedError
from sst.migrator.run.failing.fault import fault_of
from sst.migrator.run.failing.lock_timeout_error import lock_timeout_error
from sst.migrator.run.failing.revision_failed import original_of, revision_failed
from sst.migrator.run.failing.texts import SEE, committed_text, role_of
from sst.migrator.session.heartbeat import ServerSilent
from sst.migrator.session.signals import Interrupt
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.run.progress import Progress

    Redact = Callable[[str], str]


def translate(raised: BaseException, progress: Progress, redact: Redact) -> SstError | None:
    """Return the error to report for *raised*; None for a bug of ours, which is raised again."""
    if isinstance(raised, SstError):
        return raised
    if isinstance(raised, Interrupt | ServerSilent | KeyboardInterrupt):
        return _broken_off(raised, progress, redact)
    if isinstance(raised, HookFailedError):
        return _hook_failed(raised, progress, redact)
    if progress.phase == "revision":
        error = revision_failed(original_of(raised), progress, redact)
        return lock_timeout_error(error, progress, redact)
    if isinstance(raised, DBAPIError):
        return _database_raised(raised, progress, redact)
    return None if isinstance(raised, Exception) else _left(raised, progress, redact)


def _broken_off(
    raised: Interrupt | ServerSilent | KeyboardInterrupt, progress: Progress, redact: Redact
) -> SstError:
    if isinstance(raised, ServerSilent):
        return _silent(raised, progress, redact)
    # A revision or a plugin raised what Python raises for SIGINT outside of a run.
    number = raised.signal_number if isinstance(raised, Interrupt) else signal.SIGINT
    return _interrupted(number, progress, fault_of(raised, progress, redact))


def _left(raised: BaseException, progress: Progress, redact: Redact) -> StoppedError:
    """Return the error for what is none, such as a task's cancellation outside a task."""
    why = redact(f"{type(raised).__name__}: {first_line(raised, 'no message')}")
    what = f"The run was left in the phase {progress.phase}; {committed_text(progress)}."
    return StoppedError(what=what, why=why, next_step=SEE)


def _interrupted(signal_number: int, progress: Progress, fault: Fault) -> InterruptedRunError:
    step = progress.current_step
    rolled = f"; {step.revision.id} was cancelled and rolled back" if step else ""
    if step and progress.attempts.committed:
        rolled = f"; {step.revision.id} was cancelled, and a part of it IS committed"
    return InterruptedRunError(
        signal_number,
        why=committed_text(progress) + rolled,
        next_step="run the command again: it goes on from there",
        fault=fault,
    )


def _hook_failed(raised: HookFailedError, progress: Progress, redact: Redact) -> SstError:
    veto = raised.veto
    hint = veto.hint if veto else str(getattr(raised.error, "next_step", ""))
    words = {
        "why": redact(raised.why),
        "next_step": redact(hint) or SEE,
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
        return revision_failed(raised.error, progress, redact)
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


def _silent(raised: ServerSilent, progress: Progress, redact: Redact) -> SstError:
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
        fault=fault_of(raised, progress, redact),
    )


def _database_raised(raised: DBAPIError, progress: Progress, redact: Redact) -> SstError:
    why = redact(server_message(raised))
    advice = advice_for(raised, role_of(progress))
    if trying_again_is_vain(raised) and not progress.committed:
        return _database_refused(why, progress, advice)
    return _database_failed(why, progress, advice)


def _database_failed(why: str, progress: Progress, advice: str | None = None) -> SstError:
    if progress.committed:
        what = f"The database failed in the phase {progress.phase}; {committed_text(progress)}."
        return StoppedError(what=what, why=why, next_step=SEE)
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
