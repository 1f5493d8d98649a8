"""The plan as an earlier rehearsal has seen it: nothing is run for it, and nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.migrator.commands import revision_rows
from sst.migrator.commands.planned import planned
from sst.migrator.lint.judging import with_findings
from sst.migrator.rehearsal.cache.results import ResultCache
from sst.migrator.rehearsal.real.facts import with_real_facts
from sst.migrator.rehearsal.rehearsal import Rehearsal
from sst.migrator.values.plan_hash import hash_of
from sst.migrator.values.report import Report
from sst.migrator.values.status import default_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge import Step
    from sst.migrator.values.context import Context

_NOTHING = "nothing is pending"
_NONE_KEPT = "no rehearsal of this plan is kept on this machine"


def kept_plan(context: Context) -> Report:
    """Return what is pending, with what a kept rehearsal has seen of it, judged by the rules.

    Without one, or where anything that it came of has changed since, the rehearsal says why not.
    Of the real tables sizes are read, and no rows.
    Raises `HistoryError`, and `DatabaseUnreachableError`.
    """
    status, steps, _ = planned(context, default_target(context.project))
    return Report(
        state=status.state,
        before=status.current,
        heads=context.project.heads,
        after=steps[-1].after if steps else status.current,
        revisions=revision_rows.planned(steps, ()),
        plan_hash=hash_of(status.current, steps),
        rehearsal=_kept(context, status.current, steps),
    )


def _kept(context: Context, before: Sequence[str], steps: Sequence[Step]) -> Rehearsal:
    if not steps:
        return Rehearsal(why_not=_NOTHING)
    cache = ResultCache(context, before, steps)
    kept = cache.find(cache.key())
    if kept is None:
        return Rehearsal(why_not=_NONE_KEPT)
    found = Rehearsal(kept.where, None, kept.statements, at=kept.at, is_earlier=True)
    return with_findings(context, steps, with_real_facts(context, found, "off", steps))
