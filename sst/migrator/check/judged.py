"""The report of `check` and `status`: what the checks make of one look at the database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.errors import PendingError
from sst.hooks.contract.checks import Stage
from sst.migrator.check.core_checks import core_checks
from sst.migrator.check.verdict import verdict
from sst.migrator.run.events import warnings_of
from sst.migrator.standing.headline import headline

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks.contract.checks import Inspection
    from sst.migrator.standing.read import Seen
    from sst.migrator.values.context import Context
    from sst.migrator.values.report import Report


def judged(
    context: Context,
    report: Report,
    seen: Seen,
    inspect: Callable[[], Inspection],
    *,
    with_plugins: bool,
) -> Report:
    """Return *report* with what the checks make of *seen*: the core's, and those of plugins."""
    status, standing = seen.status, seen.standing
    checks = context.run_checks(
        inspect, Stage.CHECK, core_checks(seen.evidence), with_plugins=with_plugins
    )
    error = verdict(status, checks, status.dead_runs, seen.refused)
    first = headline(standing.running, standing.runs, status, error)
    if isinstance(error, PendingError):
        # A run that is at work, or that has failed, comes before the next one.
        error.next_step = first.next_step
    return replace(
        report,
        checks=checks,
        warnings=warnings_of(checks),
        standing=replace(standing, headline=first),
        error=error,
    )
