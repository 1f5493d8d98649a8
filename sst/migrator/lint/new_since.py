"""The revisions that are new since a base, and those that lead to the schema before them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sst.errors import RevisionNotFoundError, UsageError
from sst.hooks.contract.error_location import shown
from sst.hooks.contract.plan.finding import Finding, Level
from sst.hooks.contract.revisions import Direction
from sst.migrator.ledger.checkout import git_top
from sst.migrator.lint.accepting import CHANGED, with_acceptances
from sst.migrator.lint.comments import comments_in
from sst.migrator.lint.git_base import commit_of, since

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sst.bridge import Step
    from sst.hooks.contract.revisions import Revision
    from sst.migrator.values.context import Context


@dataclass(frozen=True, slots=True)
class NewSince:
    """The revisions to judge as one deployment."""

    before: tuple[Step, ...]
    """Those that lead to the schema that is there before it."""
    steps: tuple[Step, ...]
    """Those that follow."""
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """On revisions that are not new, by their ids; on files that are gone, by their names."""


def new_since(context: Context, base: str, target: str) -> NewSince:
    """Return the revisions up to *target* that are new since *base*: a revision, or of git.

    Raises `UsageError` where *base* is neither, and what `AlembicProject.plan` raises.
    """
    revisions = context.project.revisions()
    gone: tuple[Path, ...] = ()
    try:
        old = context.project.applied_at(_ends(context.project.plan(base, (), Direction.UPGRADE)))
        changed: frozenset[str] = frozenset()
    except (RevisionNotFoundError, UsageError) as error:
        commit = commit_of(context.root, base)
        if commit is None:
            raise _neither(base, context.root) from error
        found = since(context.root, base, commit, revisions)
        old, changed, gone = found.old, found.changed, found.gone
    before = _leading_to(context, context.project.heads_of(_closed(revisions, old)))
    steps = context.project.plan(target, _ends(before), Direction.UPGRADE)
    altered = [each for each in revisions if each.id in changed]
    return NewSince(before, steps, {**_changed(context, altered, base), **_gone(gone, base)})


def _neither(base: str, root: Path) -> UsageError:
    if not base.strip():
        return UsageError(
            what="--base has no value.",
            why="a variable of the pipeline is empty here, such as outside a pull request",
            next_step="give the id of a revision, or a branch, tag or commit of git",
        )
    if git_top(root) is None:
        return _without_git(base, root)
    return UsageError(
        what=f"--base {base} is no revision, and git knows no commit of that name.",
        why="it is the id of a revision, or a branch, tag or commit of the checkout",
        next_step="fetch the branch first, such as `git fetch origin main`",
    )


def _without_git(base: str, root: Path) -> UsageError:
    what = f"--base {base} is no revision, and git does not answer here."
    if shutil.which("git") is None:
        why = "git is not installed"
        return UsageError(what=what, why=why, next_step="install it, as slim images lack it")
    return UsageError(
        what=what,
        why=f"{root} is in no checkout, or in one of another user, which git refuses",
        next_step="run it in a checkout, and let git trust it in a container: "
        "`git config --global --add safe.directory '*'`",
    )


def _ends(steps: Sequence[Step]) -> tuple[str, ...]:
    return steps[-1].after if steps else ()


def _closed(revisions: Iterable[Revision], old: frozenset[str]) -> frozenset[str]:
    """Return those of *old* that build on none that is new; *revisions* are in their order."""
    found: set[str] = set()
    for each in revisions:
        if each.id in old and found.issuperset(each.down_revisions):
            found.add(each.id)
    return frozenset(found)


def _leading_to(context: Context, heads: Sequence[str]) -> tuple[Step, ...]:
    """Return the steps from nothing to *heads*."""
    found: tuple[Step, ...] = ()
    for head in heads:
        found += context.project.plan(head, _ends(found), Direction.UPGRADE)
    return found


def _changed(
    context: Context, revisions: Iterable[Revision], base: str
) -> dict[str, tuple[Finding, ...]]:
    """Return the findings on *revisions*, which are not as *base* has them."""
    what = f"its code is not that of {base}: a database that has run it does not run it again"
    found = {}
    for each in revisions:
        file = shown(each.path, context.root) if each.path else ""
        comments = comments_in(each.path, "upgrade") if each.path else ()
        mine = [one for one in comments if one.rule == CHANGED]
        finding = Finding(CHANGED, what, "write a new revision instead", file=file)
        judged = with_acceptances([finding], mine, file)
        found[each.id] = tuple(replace(one, line=one.line or 1) for one in judged)
    return found


def _gone(files: Iterable[Path], base: str) -> dict[str, tuple[Finding, ...]]:
    what = f"the file of a revision that {base} has is not there: a database at it cannot be moved"
    return {
        str(file): (Finding(CHANGED, what, level=Level.WARNING, file=str(file)),) for file in files
    }
