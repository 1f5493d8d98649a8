"""What `check` and `/health` ask of the reports; no run of a migration fails for them."""

from __future__ import annotations

from functools import partial

from sst.hooks import Check, CheckResult, CheckStatus, Inspection, Stage

_ARE_THERE = """
    SELECT to_regclass('incident_reports') IS NOT NULL
       AND to_regclass('incident_actions') IS NOT NULL
"""
_WITHOUT_SITE = """
    SELECT count(*), count(*) FILTER (WHERE reported_at < now() - make_interval(days => :days))
      FROM incident_reports WHERE site_id IS NULL
"""
_OVERDUE = "SELECT count(*) FROM incident_actions WHERE done_on IS NULL AND due_on < current_date"


def checks(site_within_days: int) -> list[Check]:
    """Return the questions; a report may be *site_within_days* days without a site."""
    stages = frozenset({Stage.CHECK})
    return [
        Check("sites", partial(_sites, site_within_days), stages),
        Check("actions", _actions, stages),
    ]


def _sites(days: int, inspection: Inspection) -> CheckResult:
    if not _are_there(inspection):
        return CheckResult(CheckStatus.SKIP, "the tables are not there yet")
    [(count, late)] = inspection.fetch(_WITHOUT_SITE, days=days)
    if late:
        detail = (
            f"{late} without a site for more than {days} days: `python migrate.py incidents list`"
        )
        return CheckResult(CheckStatus.FAIL, detail, "incident_without_site")
    if count:
        return CheckResult(CheckStatus.WARN, f"{count} without a site", "incident_without_site")
    return CheckResult(CheckStatus.PASS, "every report has a site")


def _actions(inspection: Inspection) -> CheckResult:
    if not _are_there(inspection):
        return CheckResult(CheckStatus.SKIP, "the tables are not there yet")
    [(overdue,)] = inspection.fetch(_OVERDUE)
    if overdue:
        detail = f"{overdue} overdue: `python migrate.py incidents overdue`"
        return CheckResult(CheckStatus.WARN, detail, "action_overdue")
    return CheckResult(CheckStatus.PASS, "no action is overdue")


def _are_there(inspection: Inspection) -> bool:
    [(found,)] = inspection.fetch(_ARE_THERE)
    return bool(found)
