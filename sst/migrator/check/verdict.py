"""The verdict of `check`: nothing to say, or one error with its exit code and its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import DriftError, InterruptedStateError, PendingError, SstError
from sst.hooks.contract.checks import CheckStatus
from sst.migrator.check.core_checks import remedy
from sst.migrator.values.report import CORE
from sst.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.errors import HistoryError
    from sst.health.report import NamedResult
    from sst.migrator.values.dead_run import DeadRun
    from sst.migrator.values.status import Status

_SHOWN = 3


def verdict(
    status: Status,
    checks: Sequence[NamedResult],
    dead: Sequence[DeadRun],
    history_error: HistoryError | None,
) -> SstError | None:
    """Return the gravest finding; the others are in *checks*.

    *history_error* (a broken history, a database ahead) comes first, then a run that was killed,
    then a record that files or schema contradict, then pending revisions, then the checks of
    plugins.
    """
    if history_error:
        return history_error
    if dead:
        return _interrupted(dead[-1], status)
    failed = [check for check in checks if check.status is CheckStatus.FAIL]
    if any(check.plugin == CORE for check in failed):
        return _failed(failed, status)
    if status.pending:
        return _pending(status)
    return _failed(failed, status) if failed else None


def _interrupted(run: DeadRun, status: Status) -> SstError:
    left = _first(status) or "none"
    return InterruptedStateError(
        what=f"The run {run.id} ({run.words}) {run.ended}.",
        why=f"its process on {run.host} is gone; the database is at "
        f"{listed(status.current) or 'no revision'}; not run: {left}",
        next_step=run.remedy,
    )


def _pending(status: Status) -> SstError:
    where = listed(status.current) or "no revision"
    return PendingError(
        what=f"{status.pending_text}.",
        why=f"the database is at {where}; pending: {_first(status)}",
        next_step="run `python migrate.py upgrade`",
    )


def _first(status: Status) -> str:
    """Return the first pending revisions; the result lists all of them."""
    return listed((step.revision.id for step in status.pending), most=_SHOWN)


def _failed(failed: Sequence[NamedResult], status: Status) -> SstError:
    known = remedy(failed[0].code, status)
    why = "; ".join(f"{check.name}: {check.detail}" for check in failed)
    return DriftError(
        code=failed[0].code or "",
        what=f"{counted(len(failed), 'check')} {'fails' if len(failed) == 1 else 'fail'}.",
        # What to do is said once.
        why=why.replace(f"; {known}", "", 1) if known else why,
        next_step=known
        or "correct what the check names, then run `python migrate.py check` again",
    )
