"""The revision files that are new, or other, since a commit that another branch is at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sst.bridge import checksum_of, checksum_of_code
from sst.errors import UsageError
from sst.migrator.ledger.checkout import git, git_top

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sst.hooks.contract.revisions import Revision

_SECONDS = 30.0
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--name-status", "--diff-filter=MR", "-M", "-z")
_WHOLE_HISTORY = (
    "a pipeline needs the history of both: `fetch-depth: 0` on GitHub, `GIT_DEPTH: 0` on GitLab, "
    "or `git fetch --unshallow`"
)


@dataclass(frozen=True, slots=True)
class Since:
    """What became of the revision files since a commit."""

    old: frozenset[str]
    """The ids of the revisions that had a file there, under whatever name."""
    changed: frozenset[str]
    """The ids of those whose code is another one now."""
    gone: tuple[Path, ...]
    """The files that are there no more."""


def commit_of(root: Path, base: str) -> str | None:
    """Return the commit that *base* names in the checkout at *root*; None where it names none."""
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    return (git(root, *words) or "").strip() or None


def since(root: Path, base: str, commit: str, revisions: Sequence[Revision]) -> Since:
    """Return what became of the files of *revisions* since HEAD and *commit*, of *base*, parted.

    Those outside the checkout, such as a package's, are as old as it. A file that was only
    renamed is not new, and comments, layout and docstrings change nothing.
    Raises `UsageError` when git cannot say where that was.
    """
    parted = (git(root, "merge-base", commit, "HEAD", seconds=_SECONDS) or "").strip()
    top = git_top(root) or root
    files = dict(_files(top, revisions))
    folders = sorted({str(Path(file).parent) for file in files})
    there = _listed(root, parted, folders) if parted else None
    if there is None:
        raise UsageError(
            what=f"git cannot say what is new since {base}.",
            why=f"HEAD and {base} have no commit in common here, or git does not answer",
            next_step=_WHOLE_HISTORY,
        )
    names = dict(_altered(root, parted, folders))
    before = {file: names.get(file, file) for file in files}
    known = {file: then for file, then in before.items() if then in there}
    changed = {
        file
        for file in known.keys() & names.keys()
        if _differs(root, parted, top, file, known[file])
    }
    new = {files[file] for file in files.keys() - known.keys()}
    return Since(
        old=frozenset(each.id for each in revisions) - new,
        changed=frozenset(files[file] for file in changed),
        gone=tuple(_gone(top, folders, there - set(known.values()))),
    )


def _files(top: Path, revisions: Iterable[Revision]) -> Iterator[tuple[str, str]]:
    """Give each file of *revisions* in the checkout, as git names it, with its id."""
    for each in revisions:
        path = each.path.resolve() if each.path else None
        if path and path.is_relative_to(top):
            yield path.relative_to(top).as_posix(), each.id


def _listed(root: Path, commit: str, folders: Sequence[str]) -> frozenset[str] | None:
    """Return the files in *folders* at *commit*; None where git cannot say."""
    words = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--")
    # The top itself has no name there.
    paths = () if "." in folders else folders
    found = git(root, *words, *paths, seconds=_SECONDS) if folders else ""
    return None if found is None else frozenset(found.split("\0")) - {""}


def _gone(top: Path, folders: Sequence[str], files: Iterable[str]) -> Iterator[Path]:
    """Give those of *files* that were revisions, as it seems, and are not there."""
    for file in sorted(files):
        is_one = file.endswith(".py") and str(Path(file).parent) in folders
        if is_one and not (top / file).exists():
            yield top / file


def _altered(root: Path, commit: str, folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give each file in *folders* that is not as *commit* has it, with its name there."""
    paths = [f":(top,literal){folder}" for folder in folders]
    found = git(root, *_DIFF, commit, "--", *paths, seconds=_SECONDS) if paths else None
    words = iter((found or "").split("\0"))
    for kind in words:
        if then := next(words, ""):
            yield (next(words, "") if kind.startswith("R") else then), then


def _differs(root: Path, commit: str, top: Path, now: str, then: str) -> bool:
    """Say whether the code of the file *now* is another than that of *then* at *commit*."""
    before = git(root, "cat-file", "blob", f"{commit}:{then}", seconds=_SECONDS)
    try:
        return before is None or checksum_of_code(before) != checksum_of(top / now)
    except (OSError, SyntaxError, ValueError):
        return True
