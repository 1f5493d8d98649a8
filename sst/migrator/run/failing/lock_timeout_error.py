"""The error when a revision did not get its locks in any attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import LockTimeoutError, RevisionFailedError, SstError
from sst.migrator.table_locks.blockers import IDLE_IN_TRANSACTION, describe_blockers
from sst.migrator.table_locks.schedule import RETRYABLE
from sst.redaction.statements import without_literals
from sst.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.run.progress import Progress


def lock_timeout_error(
    failed: RevisionFailedError, progress: Progress, redact: Callable[[str], str]
) -> SstError:
    """Return *failed* when another attempt could not help, else the error of all attempts.

    That is `LockTimeoutError`, exit 75, when nothing of the run is committed; else the revision
    has failed, and the message names what is committed.
    """
    attempts = progress.attempts
    if attempts.committed:
        return _half_done(failed, attempts.committed)
    if failed.fault.sqlstate not in RETRYABLE:
        return failed
    blocked = redact(describe_blockers(attempts.blockers))
    tries = f"{counted(attempts.count, 'attempt')} in {attempts.seconds:.0f} s"
    why = f"{failed.why}; {tries}, last blocked by {blocked}"
    if progress.committed:
        return _with_why(failed, why, _next_step(progress))
    return _untouched(failed, why, _next_step(progress))


def _untouched(failed: RevisionFailedError, why: str, next_step: str) -> LockTimeoutError:
    what = f"Revision {failed.revision} did not get its locks; nothing of this run is committed."
    error = LockTimeoutError(what=what, why=why, next_step=next_step)
    error.revision = failed.revision
    error.fault = failed.fault
    return error


def _half_done(failed: RevisionFailedError, committed: tuple[str, ...]) -> RevisionFailedError:
    shown = listed((without_literals(each) for each in committed), "; ", most=3)
    why = f"{failed.why}; a part of the revision IS committed: {shown}"
    return _with_why(failed, why, failed.next_step)


def _with_why(failed: RevisionFailedError, why: str, next_step: str) -> RevisionFailedError:
    return type(failed)(
        failed.revision,
        why=why,
        committed=failed.committed,
        next_step=next_step,
        fault=failed.fault,
    )


def _next_step(progress: Progress) -> str:
    idle = any(blocker.state == IDLE_IN_TRANSACTION for blocker in progress.attempts.blockers)
    if idle and not progress.request.options.terminate_blockers:
        return (
            "let the blocking session end, then run the command again; --terminate-blockers ends "
            "idle sessions of the applications in migrate.terminate_applications"
        )
    return "let the blocking session end, then run the command again: it goes on from there"
