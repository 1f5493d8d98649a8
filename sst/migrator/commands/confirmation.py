"""The questions before a command that takes something away: what is lost is shown before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import SstError
from sst.hooks.contract.revisions import Direction
from sst.migrator.commands.look import refuse_ahead
from sst.migrator.loss.plan_loss import plan_loss
from sst.migrator.loss.words import loss_lines
from sst.migrator.session import guard
from sst.migrator.session.connections import database_number
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.migrator.session.inspection import DatabaseInspection
from sst.migrator.values.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.migrator.commands.stamp import Stamp
    from sst.migrator.values.context import Context
    from sst.migrator.values.options import RunOptions

_LOCK_TIMEOUT_SECONDS = 5.0


def confirm_downgrade(context: Context, target: str, options: RunOptions) -> Shown | None:
    """Return where the database was when the operator has agreed to what `downgrade` loses.

    None when he has named the database already, and was shown nothing.
    Raises `ConfirmationError`, and on a terminal what keeps the plan from being made.
    """

    def look(inspection: DatabaseInspection) -> Sequence[str]:
        refuse_ahead(context, inspection)
        steps = context.project.plan(target, inspection.current, Direction.DOWNGRADE)
        return loss_lines(plan_loss(context, inspection, steps)) if steps else ()

    return _confirm(context, f"downgrade {target}", options, look)


def confirm_purge(context: Context, wanted: Stamp, options: RunOptions) -> Shown | None:
    """Return where the database was when the operator has agreed to `stamp --purge`."""

    def look(inspection: DatabaseInspection) -> Sequence[str]:
        rows = context.project.stamped(wanted.targets, inspection.current, purge=True)
        now = f"{inspection.version_table} says {_at(inspection.current)} now"
        return f"{now}, and would say {_at(rows)}", "no revision is run, and no table is changed"

    return _confirm(context, f"stamp {wanted}", options, look)


def _confirm(
    context: Context,
    action: str,
    options: RunOptions,
    look: Callable[[DatabaseInspection], Sequence[str]],
) -> Shown | None:
    given, ask = options.confirmed_name, options.ask
    shown, lines = (
        (None, ()) if given is not None else _looked(context, look, is_refused=ask is None)
    )
    if shown and ask and not lines:
        # Nothing to lose, and nothing else may be done than that.
        return shown
    safe = [context.redact(line) for line in lines]
    guard.confirm(
        context.url,
        action=action,
        given=given,
        ask=ask,
        loss=safe,
        environment=context.environment,
    )
    return shown


def _looked(
    context: Context, look: Callable[[DatabaseInspection], Sequence[str]], *, is_refused: bool
) -> tuple[Shown | None, Sequence[str]]:
    """Return the place that *look* was made at, and its lines.

    A command that *is_refused* for want of an answer is refused with that, whatever is to be seen.
    """
    try:
        with (
            translate_driver_errors(context.redact),
            DatabaseInspection(context, _LOCK_TIMEOUT_SECONDS) as inspection,
        ):
            lines = look(inspection)
            number = database_number(inspection.connection)
            inspection.connection.rollback()
            return Shown(number, inspection.current), lines
    except SstError as error:
        if not is_refused:
            raise
        return None, (f"what it takes back is not known: {error.what}",)


def _at(rows: Sequence[str]) -> str:
    return ", ".join(rows) or "no revision"
