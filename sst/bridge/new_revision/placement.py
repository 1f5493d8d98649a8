"""Where a new revision goes: after which one, into whose folder, and with whose tables."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sst.bridge.history.plan import several_heads
from sst.bridge.history.targets import read_target
from sst.bridge.models.joined import owners_of
from sst.errors import UsageError
from sst.hooks.contract.revisions import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alembic.operations.ops import MigrateOperation, MigrationScript
    from sqlalchemy import MetaData

    from sst.bridge.history.history import History
    from sst.bridge.location.branches import Branch
    from sst.bridge.models.uncompared import Uncompared

_log = logging.getLogger("sst.migrate")


@dataclass(frozen=True, slots=True)
class Placement:
    """The heads that a revision follows, the version folder, and the plugin's branch, if any."""

    heads: tuple[str, ...]
    folder: str | None
    """None where there is only one."""
    branch: Branch | None
    new_label: str | None = None
    """The branch's label, for its first revision."""


def placement_of(head: str | None, history: History) -> Placement:
    """Return where a revision on top of *head* goes; without one on top of the project's own.

    Several heads, with commas between them, are merged.
    Raises `SeveralHeadsError` when the project has several of its own, `RevisionNotFoundError`
    for one that does not exist.
    """
    branch = _empty_branch(head, history)
    if branch:
        return Placement(("base",), str(branch.path), branch, branch.label)
    head = head or _own_head(history)
    heads = tuple(dict.fromkeys(each.strip() for each in head.split(",") if each.strip()))
    for each in heads:
        read_target(each, Direction.UPGRADE, history, counts=False)
    files = [Path(each.path) for each in history.script.get_revisions(heads)]
    touched = {next((each for each in history.branches if each.holds(f)), None) for f in files}
    if len(touched) > 1:
        raise _joining(head, [each for each in touched if each])
    branch = touched.pop() if touched else None
    return Placement(heads, str(branch.path) if branch else _own_folder(history, files), branch)


def keep_own(
    scripts: Iterable[MigrationScript | None], place: Placement, models: Sequence[MetaData]
) -> None:
    """Leave in *scripts* only what changes tables of the branch at *place*; log the rest.

    A table that no model describes is taken for the project's own: a plugin drops by hand.
    """
    owners = owners_of(models)
    wanted = place.branch.label if place.branch else None
    left_out: set[str] = set()
    for script in filter(None, scripts):
        for operations in (*script.upgrade_ops_list, *script.downgrade_ops_list):
            others = [each for each in operations.ops if _owner(each, owners) != wanted]
            operations.ops[:] = [each for each in operations.ops if each not in others]
            left_out.update(filter(None, map(_table, others)))
    if left_out:
        owner = f"the branch {wanted}" if wanted else "the project itself"
        _log.info("left out, not tables of %s: %s", owner, ", ".join(sorted(left_out)))


def of_place(
    found: Iterable[Uncompared], place: Placement, models: Sequence[MetaData]
) -> tuple[Uncompared, ...]:
    """Return those of *found* that are in tables of the branch at *place*."""
    owners = owners_of(models)
    wanted = place.branch.label if place.branch else None
    return tuple(each for each in found if owners.get(each.table.key) == wanted)


def _joining(head: str, branches: Sequence[Branch]) -> UsageError:
    named = ", ".join(f"{each.label} of the plugin {each.plugin}" for each in branches)
    return UsageError(
        what=f"A revision on top of {head!r} would join branches that stay apart.",
        why=f"{named} could never be taken back alone again",
        next_step="name one head: label@head or an id; a plugin's revision may depend_on another",
    )


def _empty_branch(head: str | None, history: History) -> Branch | None:
    label, _, symbol = (head or "").rpartition("@")
    if symbol != "head" or label in history.labels:
        return None
    return next((each for each in history.branches if each.label == label), None)


def _own_head(history: History) -> str:
    own = [head for head in history.heads if history.branch_of(head) is None]
    if len(own) > 1:
        raise several_heads(own, "head")
    return own[0] if own else "base"


def _own_folder(history: History, files: Sequence[Path]) -> str | None:
    """Return the project's version folder that holds *files*, the first without any."""
    folders = [Path(folder) for folder in history.script._version_locations]  # noqa: SLF001
    if len(folders) == 1:
        return None
    holding = (f for f in folders if any(file.is_relative_to(f.resolve()) for file in files))
    return str(next(holding, folders[0]))


def _owner(operation: MigrateOperation, owners: Mapping[str, str]) -> str | None:
    return owners.get(_table(operation) or "")


def _table(operation: MigrateOperation) -> str | None:
    """Return the table, as `schema.name` where it has one, that *operation* changes."""
    name, schema = getattr(operation, "table_name", None), getattr(operation, "schema", None)
    return f"{schema}.{name}" if name and schema else name
