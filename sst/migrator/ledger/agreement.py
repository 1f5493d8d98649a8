"""The version table against the record: what is on record as applied must still be in it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.errors import VersionTableBehindError
from sst.hooks.contract.events import rfc3339
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.bridge import AlembicProject
    from sst.migrator.ledger.reader import LastMove, Records

_SHOWN = 5
_STAMP = "python migrate.py stamp"


@dataclass(frozen=True, slots=True)
class Loss:
    """Revisions that are on record as applied, and that the version table does not imply."""

    revisions: tuple[str, ...]
    targets: tuple[str, ...]
    """The targets to stamp to have them back."""
    current: tuple[str, ...]
    move: LastMove


def find_loss(
    project: AlembicProject,
    records: Records,
    current: Sequence[str],
    read_again: Callable[[], Sequence[str]],
) -> Loss | None:
    """Return what the version table, at *current*, has lost of the record; None for nothing.

    *read_again* reads *current* anew: what looks like a loss may be a run that is just ending.
    A revision that a killed run may have taken back is not lost.
    """
    loss = _find(project, records, current)
    if loss is None:
        return None
    again = _find(project, records, read_again())
    return again if again and again.move == loss.move else None


def behind(loss: Loss, version_table: str) -> VersionTableBehindError:
    """Return the error that quotes the record, with both ways on."""
    held = listed(loss.current) or "no revision"
    stays = shlex.join(loss.current or ("base",))
    lost = listed(loss.revisions, most=_SHOWN)
    error = VersionTableBehindError(
        what=f"The version table has lost {lost}, on record as applied.",
        why=f"{_quoted(loss.move)}; {version_table} holds {held}",
        next_step=f"`{_STAMP} {shlex.join(loss.targets)}` if the database still holds what "
        f"{'it' if len(loss.revisions) == 1 else 'they'} made; "
        f"`{_STAMP} {stays}` if another tool took {_them(loss)} back",
    )
    error.revisions = loss.revisions
    return error


def refuse_loss(
    project: AlembicProject, records: Records, version_table: str, current: Sequence[str]
) -> None:
    """Raise `VersionTableBehindError` when the version table has lost what is on record.

    The run's lock is held: nothing of ours is at work.
    """
    loss = _find(project, records, current)
    if loss:
        raise behind(loss, version_table)


def _find(project: AlembicProject, records: Records, current: Sequence[str]) -> Loss | None:
    move = records.last_move()
    if move is None or move.is_at_work or _is_where_it_was_left(move, current):
        return None
    known = _applied(project, records, move)
    has = project.applied_at(current)
    in_files = {each for each in known if project.knows(each)}
    lost = in_files - has
    if not current and not move.is_unfinished:
        lost |= set(move.heads)
    if not lost:
        return None
    strange = {each for each in move.heads if not project.knows(each)} & lost
    targets = {*project.heads_of(has | in_files), *strange} - set(current)
    order = [each.id for each in project.revisions()]
    in_order = (*(each for each in order if each in lost), *sorted(strange))
    return Loss(in_order, tuple(sorted(targets)), tuple(current), move)


def _is_where_it_was_left(move: LastMove, current: Sequence[str]) -> bool:
    return not move.is_unfinished and set(move.heads) == set(current)


def _applied(project: AlembicProject, records: Records, move: LastMove) -> set[str]:
    """Return the revisions that the record knows for sure to be in the database."""
    heads = move.before if move.is_unfinished else move.heads
    known = {*project.applied_at(heads), *heads}
    known |= {name for name, way, ended in move.steps if (way, ended) == ("upgrade", "applied")}
    if not all(project.knows(head) for head in heads):
        # What a head that no file here holds builds on is known by its steps alone.
        known |= {each.revision for each in records.applied()}
    return known - {
        name
        for name, way, ended in move.steps
        if way == "downgrade" and (move.is_unfinished or ended != "applied")
    }


def _quoted(move: LastMove) -> str:
    run = f"run {move.run_id} ({move.command} {move.target}, {rfc3339(move.started_at)})"
    if not move.is_unfinished:
        return f"{run} left the database at {listed(move.heads) or 'no revision'}"
    done = [name for name, _, ended in move.steps if ended == "applied"]
    began = f"{run} began at {listed(move.before) or 'no revision'}"
    return f"{began} and was killed after {listed(done)}" if done else f"{began} and was killed"


def _them(loss: Loss) -> str:
    return "it" if len(loss.revisions) == 1 else "them"
