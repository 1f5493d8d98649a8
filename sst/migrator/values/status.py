"""Where a database stands against the code: one word, and the steps between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.errors import DatabaseAheadError, HistoryError, SeveralHeadsError
from sst.hooks.contract.revisions import Direction
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.bridge import AlembicProject, Step
    from sst.migrator.values.dead_run import DeadRun


@dataclass(frozen=True, slots=True)
class Status:
    """One database against one set of revision files."""

    state: str
    """`up_to_date`, `pending`, `empty`, `ahead`, `diverged` or `interrupted`."""
    current: tuple[str, ...]
    pending: tuple[Step, ...] = ()
    unknown: tuple[str, ...] = ()
    """Revisions in the database that this code has no file for."""
    dead_runs: tuple[DeadRun, ...] = ()
    error: HistoryError | None = None
    """The error that an upgrade would be refused with."""

    @property
    def pending_text(self) -> str:
        """How many revisions are pending, in words: `1 revision is pending`."""
        count = len(self.pending)
        return f"{counted(count, 'revision')} {'is' if count == 1 else 'are'} pending"


def read_status(
    project: AlembicProject,
    current: Sequence[str],
    dead_runs: Sequence[DeadRun],
    conflict: Callable[[Sequence[Step]], HistoryError | None] = lambda _: None,
) -> Status:
    """Return where *current*, the rows of the version table, stands against *project*.

    *conflict* says why the version table cannot take the pending steps.
    """
    found = tuple(current)
    dead = tuple(dead_runs)
    unknown = tuple(revision for revision in found if not project.knows(revision))
    if unknown:
        return Status("ahead", found, unknown=unknown, dead_runs=dead, error=_ahead(unknown))
    try:
        pending = project.plan("heads", found, Direction.UPGRADE)
    except HistoryError as error:
        return Status("diverged", found, dead_runs=dead, error=error)
    if refused := conflict(pending):
        return Status("diverged", found, pending, dead_runs=dead, error=refused)
    if pending and _has_accidental_heads(project):
        return Status("diverged", found, pending, dead_runs=dead, error=_several(project.heads))
    return Status(_word(found, pending, dead), found, pending, dead_runs=dead)


def default_target(project: AlembicProject) -> str:
    """Return what an upgrade without a target means: `heads` where branches are labelled."""
    several = len(project.line_heads) > 1 and not _has_accidental_heads(project)
    return "heads" if several else "head"


def _word(current: Sequence[str], pending: Sequence[Step], dead: Sequence[DeadRun]) -> str:
    if dead:
        return "interrupted"
    if not pending:
        return "up_to_date"
    return "pending" if current else "empty"


def _has_accidental_heads(project: AlembicProject) -> bool:
    """Say whether two heads stand side by side without a label that distinguishes them."""
    labels = {revision.id: revision.branch_labels for revision in project.revisions()}
    return len([head for head in project.heads if not labels[head]]) > 1


def _ahead(unknown: Sequence[str]) -> DatabaseAheadError:
    return DatabaseAheadError(
        what="The database is ahead of this code.",
        why=f"it holds {', '.join(unknown)}, and no revision file here has that id",
        next_step="run the newer version of the application, or bring its revision files here",
    )


def _several(heads: Sequence[str]) -> SeveralHeadsError:
    return SeveralHeadsError(
        what=f"The revision files have {len(heads)} heads.",
        why=f"{', '.join(heads)} follow the same revisions, and neither comes before the other",
        next_step="join them with a merge revision, or upgrade to all of them: upgrade heads",
    )
