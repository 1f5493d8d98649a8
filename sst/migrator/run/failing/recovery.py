"""Recovery of a failed run: a restore that the settings ask for, or its command."""

from __future__ import annotations

import logging
import shlex
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.errors import (
    ConnectionLostError,
    HeadsUnchangedError,
    RefusedError,
    RevisionFailedError,
    SstError,
    StoppedError,
    UnhealthyError,
)
from sst.hooks.calling.calls import HookFailedError
from sst.hooks.contract.commands import Restored
from sst.hooks.contract.error_location import describe_error
from sst.migrator.locked_work.work import Work
from sst.migrator.run.progress import new_run_id
from sst.migrator.session.heartbeat import ServerSilent
from sst.migrator.session.signals import Interrupt
from sst.text import listed

if TYPE_CHECKING:
    from sst.hooks.contract.run import Backup
    from sst.migrator.run.progress import Progress
    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

_DEFAULT_ENVIRONMENT = "development"
_FAILED = (RevisionFailedError, HeadsUnchangedError, StoppedError, UnhealthyError)
_ADVISED = frozenset({1, 4, 130, 143})


def restore_failed_run(
    context: Context,
    session: Session,
    progress: Progress,
    error: SstError | None,
) -> None:
    """Restore the backup of the run that ended with *error*, when `migrate.on_failure` says so.

    Never raises: the run's own error is the one to report. What became of it is in *progress*.
    """
    backup = progress.backup
    if backup is None or not _is_wanted(context, session, progress, error):
        return
    log.warning("run %s failed: restoring the backup %s", progress.run_id, backup.id)
    try:
        progress.restored = _restore(context, session, backup)
    except (Exception, Interrupt, ServerSilent) as raised:  # noqa: BLE001 - told beside the first
        session.interrupts.settle()
        progress.not_restored = context.redact(_reason(raised))
        log.error("the backup %s was not restored: %s", backup.id, progress.not_restored)  # noqa: TRY400 - no traceback


def advised(error: SstError, progress: Progress, environment: str) -> str:
    """Return the next step of *error*, with what became of the backup, or what it is good for."""
    backup = progress.backup
    if backup is None or error.exit_code not in _ADVISED:
        return error.next_step
    advice = _advice(progress, backup, error, environment)
    return f"{error.next_step}; {advice}" if advice else error.next_step


def _is_wanted(
    context: Context, session: Session, progress: Progress, error: SstError | None
) -> bool:
    is_failure = isinstance(error, _FAILED) and not isinstance(error, ConnectionLostError)
    if context.settings.on_failure != "restore" or not is_failure:
        return False
    return _has_left_something(progress, error) and session.holds_lock()


def _has_left_something(progress: Progress, error: SstError | None) -> bool:
    """Say whether the database may be another than before the run."""
    committed = progress.committed or progress.attempts.committed
    return bool(committed) or isinstance(error, HeadsUnchangedError)


def _restore(context: Context, session: Session, backup: Backup) -> Restored:
    work = Work(context, session, new_run_id(), "restore")
    with work.on_record(backup.id):
        restored = context.plugins.first("restore_backup", work=work, backup=backup)
        if not isinstance(restored, Restored):
            raise RefusedError(what="no enabled plugin restores this backup")
    return restored


def _reason(raised: BaseException) -> str:
    if isinstance(raised, HookFailedError):
        return raised.veto.reason if raised.veto else f"{raised.plugin}: {raised.reason}"
    if isinstance(raised, Interrupt | ServerSilent):
        return "interrupted" if isinstance(raised, Interrupt) else "the server does not answer"
    if isinstance(raised, SstError):
        return raised.what
    return describe_error(
        raised.orig if isinstance(raised, DBAPIError) and raised.orig else raised
    )


def _advice(progress: Progress, backup: Backup, error: SstError, environment: str) -> str:
    restored, command = progress.restored, _command(backup, environment)
    if restored:
        kept = f"; the one of before is kept as {restored.kept_as}" if restored.kept_as else ""
        where = listed(restored.heads) or "no revision"
        return f"the database was RESTORED from the backup {backup.id} and is at {where}{kept}"
    if progress.not_restored:
        by_hand = f": {command}" if command else ""
        return f"restoring the backup {backup.id} FAILED too ({progress.not_restored}){by_hand}"
    if not command:
        return ""
    if _has_left_something(progress, error):
        return (
            f"{command} takes the database back to before the run (what was written since is lost)"
        )
    # No command here: what is printed at three in the morning is pasted.
    return "nothing of this run is committed: there is nothing to restore"


def _command(backup: Backup, environment: str) -> str:
    """Return what to type, with the environment that it needs."""
    if not backup.restore_command:
        return ""
    is_default = environment == _DEFAULT_ENVIRONMENT
    prefix = "" if is_default else f"ENV_FOR_DYNACONF={shlex.quote(environment)} "
    return f"`{prefix}python migrate.py {backup.restore_command}`"
