"""The reports of a run: events for `notify`, and a log line for every check."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sst.hooks.contract.checks import CheckStatus
from sst.hooks.contract.events import Event, rfc3339
from sst.kept.doubts import varies
from sst.migrator.ledger.actor import user_at_host
from sst.migrator.standing.headline import failed_at
from sst.migrator.standing.last_runs import read_last_runs
from sst.migrator.values.report import CORE
from sst.redaction.logs import IN_RESULT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sst.health.report import NamedResult
    from sst.hooks.calling.calls import Contribution
    from sst.hooks.contract.events import EventKind
    from sst.migrator.ledger.reader import Records
    from sst.migrator.ledger.writer import Ledger
    from sst.migrator.run.progress import Progress
    from sst.migrator.values.context import Context
    from sst.migrator.values.verdict import Reason

log = logging.getLogger("sst.migrate")


def report_event(
    context: Context, progress: Progress, kind: EventKind, message: str, **details: Any
) -> None:
    """Send the event *kind* to everybody who observes; *details* are further fields of it.

    Its message, its reason and its next step are masked here.
    """
    masked = {
        name: context.redact(text)
        for name in ("why", "next_step")
        if (text := details.pop(name, None))
    }
    milliseconds = int(progress.seconds * 1000)
    varies(str(milliseconds), "took", before="duration_ms=")
    event = Event(
        kind=kind,
        run_id=progress.run_id if progress.recorded else None,
        command=progress.request.direction.value,
        environment=context.environment,
        database=context.url.safe,
        message=context.redact(message),
        before=progress.before,
        backup=progress.backup,
        actor=user_at_host(),
        **{"duration_ms": milliseconds, **details, **masked},
    )
    context.notify(event)


def warn_of_backup(
    context: Context, progress: Progress, ledger: Ledger, made: Contribution
) -> None:
    """Log what would stop a restore of the backup that was *made*, and put it on record."""
    for text in map(context.redact, made.value.warnings):
        log.warning("backup %s: %s", made.value.id, text, extra=IN_RESULT)
        progress.warnings.append(f"plugin {made.plugin}, pre_migrate: {text}")
        ledger.record_warning(progress.run_id, made.plugin, "pre_migrate", text)


def warn_of_plan(
    context: Context, progress: Progress, ledger: Ledger, found: Iterable[Reason]
) -> None:
    """Log what stands against the plan, and put it on record: the run goes on."""
    for reason in found:
        text = context.redact(str(reason))
        log.warning("lint: %s", text, extra=IN_RESULT)
        progress.warnings.append(f"lint: {text}")
        ledger.record_warning(progress.run_id, CORE, "lint", text, code=reason.rule)


def log_checks(checks: tuple[NamedResult, ...]) -> None:
    """Log every answered check, a line each."""
    for check in checks:
        is_grave = check.status in (CheckStatus.FAIL, CheckStatus.WARN)
        level = logging.WARNING if is_grave else logging.INFO
        log.log(
            level,
            "check %s/%s: %s %s",
            *(check.plugin, check.name, check.status, check.detail),
            extra=IN_RESULT,
        )


def warnings_of(checks: tuple[NamedResult, ...]) -> tuple[str, ...]:
    """Return what the checks warn of, a line each."""
    return tuple(
        f"{check.name}: {check.detail}" for check in checks if check.status is CheckStatus.WARN
    )


def warn_of_failed_run(records: Records, told: Collection[str]) -> None:
    """Log in one line a run that failed and that nothing has made good; those *told* are known."""
    failed = read_last_runs(records).unresolved
    if failed and failed.id not in told:
        words = f"{failed.command} {failed.target}".strip()
        log.warning(
            "an earlier run (%s, %s, %s) %s",
            words,
            failed.id,
            rfc3339(failed.started_at),
            failed_at(failed),
        )
