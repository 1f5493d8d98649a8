"""Turns a target into the steps that lead there, or into the error that says why none do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from alembic.script.revision import MultipleHeads, RangeNotAncestorError
from alembic.util import CommandError

from sst.bridge.history.heads import heads_after
from sst.bridge.history.history import as_revision
from sst.bridge.history.targets import Target, nearest, read_target, unknown
from sst.bridge.values.steps import Step
from sst.errors import (
    AmbiguousRevisionError,
    BrokenHistoryError,
    DatabaseAheadError,
    RevisionNotFoundError,
    SeveralHeadsError,
    UsageError,
)
from sst.hooks.contract.revisions import Direction
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sst.bridge.history.history import History
    from sst.errors import HistoryError


def plan(
    history: History, text: str, current: Sequence[str], direction: Direction
) -> tuple[Step, ...]:
    """Return the steps from *current*, the database's heads, to the target *text*.

    Empty when the target is reached already.
    Raises `UsageError`, `RevisionNotFoundError`, `AmbiguousRevisionError`, `SeveralHeadsError`,
    `DatabaseAheadError`, or `BrokenHistoryError` when a file lacks downgrade().
    """
    require_known(history, current)
    target = read_target(text, direction, history)
    is_upgrade = direction is Direction.UPGRADE
    find = _ids_up if is_upgrade else _ids_down
    with refusals(history, target, current):
        ids = find(history, target, tuple(current))
    return tuple(_steps(history, ids, current, is_upgrade=is_upgrade))


def require_known(history: History, current: Iterable[str]) -> None:
    """Raise `DatabaseAheadError` when the database holds a revision that no file does."""
    strange = sorted(set(current) - history.ids)
    if strange:
        near = nearest(strange[0], history.ids)
        raise DatabaseAheadError(
            what=f"The database is at {listed(strange)}, which this code does not know.",
            why="it was migrated by newer code, or from another branch"
            + (f"; the nearest known revision is {near[0]}" if near else ""),
            next_step="deploy the code that holds this revision, or restore the backup before it",
        )


@contextmanager
def refusals(history: History, target: Target, current: Sequence[str]) -> Iterator[None]:
    """Translate what Alembic raises while it looks for *target*."""
    try:
        yield
    except CommandError as error:
        raise _translated(error.__cause__ or error, history, target, current) from error
    except AssertionError as error:
        # Alembic asserts where a walk from a revision, or down a branch, leaves the map.
        raise _walked_off(history, target, current) from error


def several_heads(heads: Iterable[str], text: str) -> SeveralHeadsError:
    """Return the error for a target that means one head where there are several."""
    named = sorted(set(heads))
    error = SeveralHeadsError(
        what=f"{text!r} means one head, and there are {len(named)}.",
        why=listed(named),
        next_step="use `heads` for all of them, `label@head` or an id for one, "
        "or join them with a merge revision",
    )
    error.revisions = tuple(named)
    return error


def _ids_up(history: History, target: Target, current: tuple[str, ...]) -> list[str]:
    if target.symbol == "head" and target.label is None and len(history.heads) > 1:
        raise several_heads(history.heads, target.text)
    # The public iterate_revisions, as ScriptDirectory._upgrade_revs calls it.
    with history.script._catch_revision_errors(end=target.text):  # noqa: SLF001
        found = history.script.iterate_revisions(target.text, current, implicit_base=True)
        return [script.revision for script in found][::-1]


def _ids_down(history: History, target: Target, current: tuple[str, ...]) -> list[str]:
    if target.is_relative and target.label is None and len(set(current)) > 1:
        raise _which_head(target, current)
    if target.is_relative and target.distance == -1 and len(set(current)) == 1:
        # Alembic calls this ambiguous at a merge; taking back the one revision is not.
        return [current[0]]
    if target.symbol in {"head", "heads"} and target.distance == 0:
        raise UsageError(
            what=f"downgrade cannot go to {target.text}.",
            why="a head is the top of a line of revisions",
            next_step="name the revision to go back to, -1, or base",
        )
    with history.script._catch_revision_errors(end=target.text):  # noqa: SLF001
        found = history.script.iterate_revisions(current, target.text, select_for_downgrade=True)
        return [script.revision for script in found]


def _steps(
    history: History, ids: Iterable[str], current: Sequence[str], *, is_upgrade: bool
) -> Iterator[Step]:
    before = tuple(sorted(set(current)))
    for each in ids:
        step = history.step(each, is_upgrade=is_upgrade)
        after = heads_after(before, step)
        yield Step(as_revision(step.revision), before, after, is_upgrade)
        before = after


def _translated(
    error: BaseException, history: History, target: Target, current: Sequence[str]
) -> HistoryError:
    if isinstance(error, MultipleHeads):
        return several_heads(error.heads, target.text)
    if isinstance(error, RangeNotAncestorError):
        return _not_below(target, current)
    # Alembic has one class for all others; only their text differs.
    for words, explain in _BY_TEXT.items():
        if words in str(error):
            return explain(history, target, current, str(error))
    return unknown(target.text, history)


def _which_head(target: Target, current: Sequence[str]) -> AmbiguousRevisionError:
    return AmbiguousRevisionError(
        what=f"{target.text} could start at several heads.",
        why=f"the database is at {listed(sorted(set(current)))}",
        next_step=f"write label@{target.text}, or the revision to go to",
    )


def _ambiguous(
    _: History, target: Target, current: Sequence[str], text: str
) -> AmbiguousRevisionError:
    at = listed(sorted(current)) or "base"
    return AmbiguousRevisionError(
        what=f"{target.text} leads to several revisions from {at}.",
        why=text,
        next_step=f"write label@{target.text}, or the revision's id",
    )


def _walked_off(
    history: History, target: Target, current: Sequence[str], _: str = ""
) -> RevisionNotFoundError:
    return RevisionNotFoundError(
        what=f"{target.text} goes beyond the end of the revisions.",
        why=_room(history, target, tuple(current)),
        next_step="use `head` for the newest revision, `base` for none, or a smaller number",
    )


def _room(history: History, target: Target, current: tuple[str, ...]) -> str:
    at = listed(sorted(current)) or "base"
    if not target.is_relative:
        return f"the revision {target.symbol} has fewer neighbours"
    if target.distance > 0:
        above = history.script.iterate_revisions("heads", current, implicit_base=True)
        return f"the database is at {at}; revisions after it: {len(list(above))}"
    below = history.script.iterate_revisions(current, None, select_for_downgrade=True)
    return f"the database is at {at}; revisions to go back: {len(list(below))}"


def _not_below(target: Target, current: Sequence[str]) -> RevisionNotFoundError:
    at = listed(sorted(current)) or "base"
    return RevisionNotFoundError(
        what=f"{target.text} is not below the database's revision.",
        why=f"the database is at {at}, which does not build on {target.text}",
        next_step="name a revision that is applied, -1, or base",
    )


def _overlapping(_: History, __: Target, current: Sequence[str], text: str) -> BrokenHistoryError:
    return BrokenHistoryError(
        what=f"The version table contradicts the revision files: {listed(sorted(current))}.",
        why=text,
        next_step="one of its rows is implied by another: write where the database really is with "
        "`python migrate.py stamp REVISION`",
    )


_BY_TEXT: dict[str, Callable[[History, Target, Sequence[str], str], HistoryError]] = {
    "Ambiguous": _ambiguous,
    "Multiple revisions": _ambiguous,
    "valid downgrade target": lambda _, target, current, __: _not_below(target, current),
    "didn't produce": _walked_off,
    "Walked too far": _walked_off,
    "overlaps": _overlapping,
}
