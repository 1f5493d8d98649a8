"""The hash of a plan, by which a run can be held to what was read before it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from sst.errors import PlanChangedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge import Step

_DIGITS = 16


def hash_of(before: Sequence[str], steps: Sequence[Step]) -> str | None:
    """Return the hash of *steps*, from the heads *before*: their order, direction and code.

    Comments, layout and docstrings do not count. None when there are no steps.
    """
    if not steps:
        return None
    plan = [[step.revision.id, step.is_upgrade, step.checksum] for step in steps]
    text = json.dumps([sorted(before), plan])
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def refuse_other_plan(wanted: str | None, before: Sequence[str], steps: Sequence[Step]) -> None:
    """Raise `PlanChangedError` unless *steps* have the hash *wanted*, or there are none."""
    found = hash_of(before, steps)
    if wanted is None or found in {None, wanted}:
        return
    raise PlanChangedError(
        what="The plan is not the one that --plan names; nothing was touched.",
        why=f"its hash is {found}, not {wanted}: the database has moved, or a pending revision is "
        "another one",
        next_step="read `python migrate.py plan` again, and give the hash of that one",
    )
