"""Revision ids that the version table cannot hold: refused before anything is touched."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from sst.errors import RevisionIdTooLongError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sst.bridge import Step

_COLUMN = "version_num"


def too_long(
    steps: Sequence[Step], length: int, version_table: str
) -> RevisionIdTooLongError | None:
    """Return the error for the first of *steps* whose id has more than *length* characters.

    None when all of them fit, and where a revision up to it speaks of the column: it may widen it.
    """
    for number, step in enumerate(steps, start=1):
        found = longest(set(step.after) - set(step.before), length)
        if found:
            before = (each for each in steps[:number] if each.is_upgrade)
            is_widened = any(map(_speaks_of_column, before))
            return None if is_widened else _refusal(found, length, version_table, step)
    return None


def refuse_steps(steps: Sequence[Step], length: int, version_table: str) -> None:
    """Raise what `too_long` returns."""
    error = too_long(steps, length, version_table)
    if error:
        raise error


def refuse_too_long(ids: Iterable[str], length: int, version_table: str) -> None:
    """Raise `RevisionIdTooLongError` when one of *ids* has more than *length* characters."""
    found = longest(ids, length)
    if found:
        raise _refusal(found, length, version_table)


def longest(ids: Iterable[str], length: int) -> str | None:
    """Return the longest of *ids* when that has more than *length* characters."""
    found = max(ids, key=len, default="")
    return found if len(found) > length else None


def _refusal(
    revision: str, length: int, version_table: str, step: Step | None = None
) -> RevisionIdTooLongError:
    path = step.revision.path if step else None
    where = f" in {path.name}" if path else ""
    return RevisionIdTooLongError(
        what=f"The version table cannot hold the revision {revision}.",
        why=f"the id has {len(revision)} characters, {version_table}.{_COLUMN} holds {length}",
        next_step=f"shorten `revision`{where} and where others refer to it, or widen the column: "
        f"alter table {version_table} alter {_COLUMN} type varchar({max(64, len(revision))})",
    )


def _speaks_of_column(step: Step) -> bool:
    """Say whether a text in the revision's code names the column; comments do nothing."""
    path = step.revision.path
    if path is None or path.suffix != ".py":
        return False
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in prose)
    return any(_COLUMN in node.value for node in texts if isinstance(node.value, str))
