"""One look at a database that reads all of where it stands; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from sst.errors import DatabaseUnreachableError
from sst.migrator.check.core_checks import gather
from sst.migrator.commands.look import look, upgrade_refusal
from sst.migrator.standing.last_backup import read_last_backup, read_last_proven_backup
from sst.migrator.standing.last_runs import read_last_runs
from sst.migrator.standing.running import read_running
from sst.migrator.standing.standing import Standing
from sst.within import NoAnswerError, within

if TYPE_CHECKING:
    from sst.errors import HistoryError
    from sst.migrator.check.core_checks import Evidence
    from sst.migrator.session.inspection import DatabaseInspection
    from sst.migrator.values.context import Context
    from sst.migrator.values.status import Status

_SILENCE_SECONDS = 30.0
"""How long to bear it where a run has no limit: this screen has one."""
_NOW = text("select clock_timestamp()")


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one look has read, before anything is made of it."""

    status: Status
    evidence: Evidence
    refused: HistoryError | None
    """What an upgrade would be refused with."""
    standing: Standing


def look_within(context: Context) -> Seen:
    """Return what `see` returns, from a server that may have stopped answering.

    Raises `DatabaseUnreachableError` when it is silent for longer than a run would bear it.
    """
    silence = context.settings.server_silence or _SILENCE_SECONDS
    seconds = context.connect_timeout_seconds + silence
    try:
        return within(seconds, lambda: see(context), name="status")
    except NoAnswerError as error:
        raise DatabaseUnreachableError(
            what=f"{context.url} does not answer.",
            why=f"it was asked and said nothing for {seconds:g} s",
            next_step="look at the server, and at sessions that hold locks there; then try again",
        ) from error


def see(context: Context) -> Seen:
    """Look at the database of *context* once, and return all of it."""
    with look(context) as inspection:
        status = inspection.status
        evidence = gather(context.project, inspection)
        refused = upgrade_refusal(context, inspection)
        return Seen(status, evidence, refused, _standing(context, inspection))


def _standing(context: Context, inspection: DatabaseInspection) -> Standing:
    connection, records = inspection.connection, inspection.records
    runs = read_last_runs(records)
    now = connection.execute(_NOW).scalar_one()
    last_backup = read_last_backup(records, context.environment)
    running = read_running(connection, context.facts(connection), runs.running, now)
    found = Standing(
        at=now,
        is_protected=context.is_protected,
        runs=runs,
        running=running.masked(context.redact) if running else None,
        last_backup=last_backup,
        last_proven_backup=read_last_proven_backup(records, context.environment, last_backup),
    )
    connection.rollback()
    return found
