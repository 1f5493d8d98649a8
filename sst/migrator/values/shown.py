"""The place of a database when its operator was asked: what he agrees to holds there only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

_AGAIN = "run the command again: it shows what it takes back from there"


@dataclass(frozen=True, slots=True)
class Shown:
    """The database that was looked at for a prompt, and its revisions then."""

    database: int
    """Its number: a restore gives its name to another one."""
    heads: tuple[str, ...]

    def refuse_moved(self, database: int, heads: Sequence[str]) -> None:
        """Raise `RefusedError` unless *database* and *heads* are those that were shown.

        A target such as `-1` would take back another revision than was shown.
        """
        if database != self.database:
            raise RefusedError(
                what="The database was replaced after the question; nothing was touched.",
                why="a restore has given its name to another; the question was about the old one",
                next_step=_AGAIN,
            )
        if set(heads) != set(self.heads):
            raise RefusedError(
                what="Another run has moved the database; nothing was touched.",
                why=f"the question was asked at {', '.join(self.heads) or 'no revision'}, and now "
                f"the database is at {', '.join(heads) or 'no revision'}",
                next_step=_AGAIN,
            )
