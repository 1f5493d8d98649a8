"""The branches of revisions that plugins bring: whose they are, and what they must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sst.bridge.location.paths import shown
from sst.errors import BrokenHistoryError, ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import MetaData

    from sst.hooks.contract.revisions import Migrations, Revision

_BUILD = "create it; in an installed package, let the build include it"


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One plugin's folder of revisions, under a label of its own, and the models they lead to."""

    plugin: str
    label: str
    path: Path
    metadata: tuple[MetaData, ...] = ()

    @classmethod
    def of(cls, plugin: str, migrations: Migrations) -> Self:
        """Return what *plugin* gave in `register_migrations`."""
        metadata = tuple(migrations.metadata)
        return cls(plugin, migrations.branch_label, Path(migrations.path), metadata)

    def holds(self, file: Path | None) -> bool:
        """Return whether the revision in *file* is one of this branch."""
        return file is not None and file.resolve().is_relative_to(self.path.resolve())


def require_apart(branches: Sequence[Branch]) -> None:
    """Raise `ConfigError` with every folder that is missing, and every label or folder used twice.

    Two branches of one label could not be told apart, neither by an operator nor by Alembic.
    """
    problems = [*_missing(branches), *_taken(branches)]
    if problems:
        raise ConfigError(problems)


def require_own_base(branches: Sequence[Branch], revisions: Sequence[Revision]) -> None:
    """Raise `BrokenHistoryError` where a branch is not a line of its own under its own label.

    One that grows out of the project's revisions would take those with it, down to its base.
    """
    for branch in branches:
        own = [each for each in revisions if branch.holds(each.path)]
        ids = {each.id for each in own}
        for each in own:
            if branch.label not in each.branch_labels:
                raise _label_missing(each, branch)
            if foreign := [one for one in each.down_revisions if one not in ids]:
                raise _not_own(each, branch, foreign[0])


def _missing(branches: Sequence[Branch]) -> Iterator[Problem]:
    for branch in branches:
        if not branch.path.is_dir():
            what = f"the folder of the branch {branch.label}, {shown(branch.path)}, does not exist"
            yield Problem(f"plugin {branch.plugin}", what, hint=_BUILD)


def _taken(branches: Sequence[Branch]) -> Iterator[Problem]:
    labels: dict[str, Branch] = {}
    folders: dict[Path, Branch] = {}
    for branch in branches:
        first = labels.setdefault(branch.label, branch)
        if first is not branch:
            yield _twice(branch, f"the branch label {branch.label!r}", first)
        first = folders.setdefault(branch.path.resolve(), branch)
        if first is not branch:
            yield _twice(branch, f"the folder {shown(branch.path)}", first)


def _twice(branch: Branch, what: str, first: Branch) -> Problem:
    owner = "this plugin" if first.plugin == branch.plugin else f"the plugin {first.plugin}"
    hint = "give each branch a label and a folder of its own, or disable one of the plugins"
    return Problem(f"plugin {branch.plugin}", f"{what} is taken by {owner}", hint=hint)


def _label_missing(revision: Revision, branch: Branch) -> BrokenHistoryError:
    return BrokenHistoryError(
        what=f"Revision {revision.id} does not belong to the branch {branch.label}.",
        why=f"{shown(revision.path or '')} lies in the folder of the plugin {branch.plugin}, "
        "which promised this label",
        next_step=f'write branch_labels = ("{branch.label}",) in the first revision there, '
        "and let the others follow it",
    )


def _not_own(revision: Revision, branch: Branch, down: str) -> BrokenHistoryError:
    return BrokenHistoryError(
        what=f"The branch {branch.label} of the plugin {branch.plugin} has no base of its own.",
        why=f"{shown(revision.path or '')}: revision {revision.id} follows {down}, "
        f"which is not the plugin's: `{branch.label}@base` would take that back as well",
        next_step=f'write down_revision = None and depends_on = "{down}"',
    )
