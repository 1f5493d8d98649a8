"""The error of a revision that raised, and the way on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, PendingRollbackError

from sst.bridge import EndedTransactionError
from sst.db.advice import advice_for
from sst.db.server_errors import server_message
from sst.errors import ConnectionLostError, RevisionFailedError, TransactionEndedError
from sst.migrator.run.failing.fault import fault_of
from sst.migrator.run.failing.made_before import may_be_made_before
from sst.migrator.run.failing.texts import SEE, role_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.run.progress import Progress

    Redact = Callable[[str], str]


def revision_failed(
    raised: BaseException, progress: Progress, redact: Redact
) -> RevisionFailedError:
    """Return the error of the current step, which *raised* has ended."""
    step = progress.current_step
    lost = isinstance(raised, DBAPIError) and raised.connection_invalidated
    error_type = ConnectionLostError if lost else RevisionFailedError
    if isinstance(raised, EndedTransactionError):
        return _ended_transaction(raised, progress, redact)
    return error_type(
        step.revision.id if step else "?",
        why=redact(server_message(raised)),
        committed=progress.committed_ids,
        next_step=_made_by_others(raised, progress) or redact(_way_on(raised, progress)),
        fault=fault_of(raised, progress, redact),
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
        fault=fault_of(raised, progress, redact, line=raised.line),
    )


def _made_by_others(raised: BaseException, progress: Progress) -> str:
    """Return the way on where a database that was never migrated has the objects already."""
    step = progress.current_step
    if step is None or not may_be_made_before(raised, progress):
        return ""
    if progress.has_all_models:
        return (
            "this database was made by other means and has all that the models describe: "
            "`python migrate.py stamp heads` puts that on record; then run the command again"
        )
    made = "this database was made by other means: if it"
    if progress.committed:
        made = "correct the revision; or if this database was made by other means and"
    return (
        f"{made} holds all that the revisions up to {step.revision.id} make, `python migrate.py "
        f"stamp {step.revision.id}` puts that on record; then run the command again"
    )


def original_of(raised: BaseException) -> BaseException:
    """Return the driver's error behind *raised*, when that only says that cleaning up failed too.

    Alembic's autocommit block puts its isolation level back on a connection that is lost.
    """
    behind = raised.__context__ if isinstance(raised, PendingRollbackError) else None
    while behind is not None and not isinstance(behind, DBAPIError):
        behind = behind.__context__
    return behind or raised


def _way_on(raised: BaseException, progress: Progress) -> str:
    advice = advice_for(raised, role_of(progress), in_revision=True)
    if progress.backup is None:
        return f"{advice}, then run the command again" if advice else SEE
    advice = advice or "correct the revision"
    return f"{advice}, then run the command again; the backup is {progress.backup.uri}"
