"""The steps to a target from where the database stands, looked up without touching it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.migrator.commands.look import look, refuse_ahead
from sst.migrator.commands.revision_rows import plan_steps

if TYPE_CHECKING:
    from sst.bridge import EnvFacts, Step
    from sst.migrator.values.context import Context
    from sst.migrator.values.status import Status


def planned(context: Context, target: str) -> tuple[Status, tuple[Step, ...], EnvFacts]:
    """Return where the database stands, the steps to *target*, and what env.py configures.

    Raises `HistoryError`, and `DatabaseUnreachableError`.
    """
    with look(context) as inspection:
        status = inspection.status
        refuse_ahead(context, inspection)
        steps = plan_steps(context.project, target, status)
        inspection.refuse_too_long(steps)
        return status, steps, context.facts(inspection.connection)
