"""`migrate.py incidents`: what waits for somebody, for a person and for a script."""

from __future__ import annotations

from typing import Any

import click

from sst.hooks import CommandContext, CommandResult, Veto

_REPORTS = """
    SELECT id, severity, reported_at::date::text, site_id, title FROM incident_reports
     WHERE site_id IS NULL OR :everything ORDER BY severity DESC, id LIMIT :listed
"""
_OVERDUE = """
    SELECT id, report_id, due_on::text, what FROM incident_actions
     WHERE done_on IS NULL AND due_on < current_date ORDER BY due_on, id LIMIT :listed
"""


def group(listed: int) -> click.Group:
    """Return the commands; each lists at most *listed* rows."""

    @click.group("incidents")
    def incidents() -> None:
        """Look after what was reported."""

    @incidents.command("list")
    @click.option("--all", "everything", is_flag=True, help="Those with a site too.")
    @click.pass_obj
    def list_reports(context: CommandContext, *, everything: bool) -> CommandResult:
        """List the reports that nobody has given a site, the gravest first."""
        names = ("id", "severity", "reported_on", "site_id", "title")
        return _listed(context, names, _REPORTS, everything=everything, listed=listed)

    @incidents.command("overdue")
    @click.pass_obj
    def list_overdue(context: CommandContext) -> CommandResult:
        """List the actions that should have been done by now."""
        return _listed(context, ("id", "report_id", "due_on", "what"), _OVERDUE, listed=listed)

    return incidents


def _listed(
    context: CommandContext, names: tuple[str, ...], sql: str, **parameters: Any
) -> CommandResult:
    with context.inspect() as database:
        [(is_there,)] = database.fetch("SELECT to_regclass('incident_actions') IS NOT NULL")
        if not is_there:
            raise Veto("the tables are not there yet", "run `python migrate.py upgrade`")
        rows = database.fetch(sql, **parameters)
    shown = [tuple("" if cell is None else str(cell) for cell in row) for row in rows]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return CommandResult(rows=shown, data={"found": found})
