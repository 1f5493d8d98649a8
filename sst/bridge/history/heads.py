"""Which rows the version table holds after a step, computed without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.runtime.migration import HeadMaintainer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic.runtime.migration import RevisionStep, StampStep


def heads_after(heads: Iterable[str], step: RevisionStep | StampStep) -> tuple[str, ...]:
    """Return the heads, sorted, that *step* makes of *heads*."""
    present = set(heads)
    moved = _moved_along_one_line(present, step)
    if moved is not None:
        return (moved,)
    book = _Book(present)
    book.update_to_step(step)
    return tuple(sorted(book.heads))


def _moved_along_one_line(heads: set[str], step: RevisionStep | StampStep) -> str | None:
    # Alembic walks all ancestors for every step down; a plan of a thousand would take a million.
    if len(step.from_revisions) == len(step.to_revisions) == 1 and heads == {*step.from_revisions}:
        return step.to_revisions[0]
    return None


class _Book(HeadMaintainer):
    """Alembic's own bookkeeping of heads, writing to a set instead of a table."""

    def __init__(self, heads: set[str]) -> None:
        self.heads = set(heads)

    def _insert_version(self, version: str) -> None:
        self.heads.add(version)

    def _delete_version(self, version: str) -> None:
        self.heads.discard(version)

    def _update_version(self, from_: str, to_: str) -> None:
        self.heads = self.heads - {from_} | {to_}
