"""Texts of a run's end: where the database stands, whose role it was, where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.text import listed

if TYPE_CHECKING:
    from sst.migrator.run.progress import Progress

SEE = "look at `python migrate.py check`, correct the cause, then run the command again"
"""The way on where nothing better is known."""


def committed_text(progress: Progress) -> str:
    """Say which revisions of this run are committed and where the database stands."""
    done = listed(progress.committed_ids) or "none"
    where = listed(progress.after) or "empty"
    return f"committed in this run: {done}; the database is at {where}"


def unknown_text(progress: Progress) -> str:
    """Say what is committed, and what is not known, when the process ends without the server."""
    known = committed_text(progress)
    if progress.current_step is None:
        return f"{known}; it was in the phase {progress.phase}"
    revision = progress.current_step.revision.id
    return (
        f"{known}; what becomes of {revision} is not known: the server rolls it back when it "
        "notices that the client is gone, unless it is committing"
    )


def role_of(progress: Progress) -> str:
    """Return the role that the run has in the database; `ROLE` when it is not known."""
    if progress.run is None:
        return "ROLE"
    return progress.run.database_url.role
