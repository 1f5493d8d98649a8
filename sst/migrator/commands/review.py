"""The objections of plugins to a plan, before a run is begun for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from sst.errors import VetoedError
from sst.hooks.contract.run import Veto
from sst.migrator.run.progress import new_run_id
from sst.migrator.session.gate_watch import GateWatch
from sst.migrator.session.inspection import DatabaseInspection
from sst.migrator.session.own_statements import OwnStatements
from sst.migrator.values.planned_run import planned_run
from sst.migrator.values.report import Objection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge import Step
    from sst.hooks.calling.calls import HookFailedError
    from sst.migrator.values.context import Context


def objections(
    context: Context, target: str, before: Sequence[str], steps: Sequence[Step]
) -> tuple[Objection, ...]:
    """Return who would refuse to run *steps*, which lead from *before* to *target*, and why.

    Nobody is asked when there are no steps.
    """
    if not steps:
        return ()
    run = planned_run(
        context,
        new_run_id(),
        target,
        before,
        steps,
        # Nothing here hears a signal while the server is waited for.
        inspect=lambda: DatabaseInspection(context, context.settings.lock_timeout),
    )
    run = replace(
        run,
        note=_nowhere,
        fetch=OwnStatements(context, run.id).fetch,
        execute=_nothing_is_changed,
        engine=_nothing_is_changed,
    )
    with GateWatch(context) as watch:
        during = partial(watch.during, "review_plan")
        raised = context.plugins.objections("review_plan", during=during, run=run)
    return tuple(_objection(context, error) for error in raised)


def _nowhere(key: str, value: object) -> None:
    """Drop the note *value* of *key*: no run is on record."""
    del key, value


def _nothing_is_changed(*_: object, **__: object) -> NoReturn:
    raise Veto("`plan` and `check` change nothing", "read with run.fetch in review_plan")


def _objection(context: Context, error: HookFailedError) -> Objection:
    veto = error.veto
    return Objection(
        plugin=error.plugin,
        why=context.redact(error.why),
        hint=context.redact(veto.hint) if veto else "",
        code=(veto.code if veto else "") or VetoedError.code,
    )
