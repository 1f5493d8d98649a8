"""The rows that `stamp` writes into the version table, and the steps that write it.

Alembic's own steps lose rows where one branch depends on another: a head that is merely beside the
target is merged away with those below it, and a dependency goes with the branch that implied it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.runtime.migration import StampStep

from sst.bridge.history import plan
from sst.bridge.history.targets import Target, read_target
from sst.errors import UsageError
from sst.hooks.contract.revisions import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sst.bridge.history.history import History


def stamp_target(text: str, history: History) -> Target:
    """Return the parts of *text*; raises `UsageError` where it counts, as `+1` does."""
    target = read_target(text, Direction.UPGRADE, history, counts=False)
    if target.distance:
        raise UsageError(
            what=f"stamp cannot count: {target.text!r}.",
            why="it writes a place in the history, it does not walk there",
            next_step="name an id, head, heads, base or label@head",
        )
    return target


def heads_to_write(
    history: History, targets: Iterable[Target], current: Sequence[str]
) -> tuple[str, ...]:
    """Return the rows, sorted, that *targets*, one after the other, make of the rows *current*.

    Every row above or below a revision that is named gives way to it; the others stay.
    Raises what `plan` raises for a target or a row that does not exist.
    """
    plan.require_known(history, current)
    found = tuple(sorted(set(current)))
    for target in targets:
        found = _with_target(history, target, found)
    return found


def applied_at(history: History, heads: Iterable[str]) -> frozenset[str]:
    """Return the revisions that are applied where the version table holds *heads*."""
    known = set(heads) & history.ids
    return frozenset(known | _below(history, known))


def heads_of(history: History, applied: Iterable[str]) -> tuple[str, ...]:
    """Return the rows, sorted, of a database that holds the revisions *applied*."""
    return _tops(history, set(applied))


def _with_target(history: History, target: Target, current: Sequence[str]) -> tuple[str, ...]:
    with plan.refusals(history, target, current):
        script = history.script
        with script._catch_revision_errors(  # noqa: SLF001 - as ScriptDirectory._stamp_revs does
            multiple_heads="one head is meant"
        ):
            named = [each.revision for each in script.get_revisions(target.text)]
    if named:
        return _tops(history, (set(current) - _lineage(history, named)) | set(named))
    return _tops(history, _without_branch(history, target, current))


def steps_between(
    history: History, before: Iterable[str], after: Iterable[str]
) -> list[StampStep]:
    """Return Alembic's steps that take the rows *before* away and write those of *after*."""
    old, new = set(before), set(after)
    gone = [_step(history, each, None) for each in sorted(old - new)]
    come = [_step(history, None, each) for each in sorted(new - old)]
    return gone + come


def _step(history: History, gone: str | None, come: str | None) -> StampStep:
    return StampStep(
        gone, come, is_upgrade=gone is None, branch_move=True, revision_map=history.map
    )


def _without_branch(history: History, target: Target, current: Sequence[str]) -> set[str]:
    """Return what is left of *current* at `base`, or at the base of one branch."""
    if target.label is None:
        return set()
    first = history.script.get_revision(f"{target.label}@head").revision
    branch = {first, *_below(history, [first], with_dependencies=False)}
    gone = branch | _above(history, branch)
    applied = {*current, *_below(history, current)}
    return applied - gone


def _tops(history: History, revisions: set[str]) -> tuple[str, ...]:
    """Return those of *revisions* that no other one implies, sorted."""
    return tuple(sorted(revisions - _below(history, revisions)))


def _lineage(history: History, revisions: Iterable[str]) -> set[str]:
    found = set(revisions)
    return found | _below(history, found) | _above(history, found)


def _below(
    history: History, revisions: Iterable[str], *, with_dependencies: bool = True
) -> set[str]:
    """Return what *revisions* build on; one of them only where another builds on it."""
    if with_dependencies:
        return _walk(history, revisions, "_all_down_revisions")
    return _walk(history, revisions, "_versioned_down_revisions")


def _above(history: History, revisions: Iterable[str]) -> set[str]:
    """Return what builds on *revisions*, or depends on them."""
    return _walk(history, revisions, "_all_nextrev")


def _walk(history: History, revisions: Iterable[str], neighbours: str) -> set[str]:
    found: set[str] = set()
    left = list(revisions)
    while left:
        new = set(getattr(history.map.get_revision(left.pop()), neighbours)) - found
        found |= new
        left += new
    return found
