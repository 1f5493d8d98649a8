"""A revision that this code has no file for: who knows it, and who does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import DatabaseAheadError, UnknownRevisionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.errors import HistoryError


def explain_ahead(
    error: HistoryError, unknown: Sequence[str], brought_by: str | None
) -> HistoryError:
    """Return *error* with *brought_by*, the run and the code that brought the database there.

    A revision that no run on record has applied is another error: somebody else wrote it.
    """
    if not unknown:
        return error
    if brought_by is None:
        return UnknownRevisionError(
            what=f"The database holds the revision {unknown[0]}, which nobody here knows.",
            why="no revision file has that id, and no run on record has applied it",
            next_step="check that DATABASE_URL names the right database; "
            "if it does, bring the file of that revision here",
        )
    return DatabaseAheadError(
        what="The database is ahead of this code.",
        why=f"it holds {', '.join(unknown)}, and no revision file here has that id; "
        f"{brought_by} brought it there",
        next_step=f"run the code of {brought_by.partition(' of ')[2]} or newer, "
        "or bring its revision files here",
    )
