"""A plan as plugins see it: the run that is begun for it, or that would be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sst.hooks.contract.revisions import Direction
from sst.hooks.contract.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.bridge import Step
    from sst.hooks.contract.checks import Inspection
    from sst.migrator.values.context import Context


def planned_run(
    context: Context,
    run_id: str,
    target: str,
    before: Sequence[str],
    steps: Sequence[Step],
    *,
    inspect: Callable[[], Inspection],
) -> Run:
    """Return the run *run_id* of *steps*, at least one, which lead from *before* to *target*."""
    direction = Direction.UPGRADE if steps[0].is_upgrade else Direction.DOWNGRADE
    return Run(
        id=run_id,
        command=direction.value,
        direction=direction,
        target=target,
        environment=context.environment,
        database=context.url.safe,
        before=tuple(before),
        after=steps[-1].after,
        plan=tuple(step.revision for step in steps),
        started_at=datetime.now(UTC),
        project_root=context.root,
        database_url=context.url,
        inspect=inspect,
        redis_url=context.redis_url,
        settings=context.visible_settings,
        x=context.x,
    )
