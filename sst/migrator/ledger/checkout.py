"""The checkout that a run's code comes from: its commit, and changes that are not in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIMEOUT_SECONDS = 5.0
_OF_A_HOOK = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
# It runs beside whatever else works in the checkout: it takes no lock there, refreshes no index,
# and starts no monitor of files.
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false")


def git_commit(root: Path) -> str:
    """Return the commit that the checkout at *root* is at; nothing where it is none."""
    return (git(root, "rev-parse", "HEAD") or "").strip()


def git_top(root: Path) -> Path | None:
    """Return the top folder of the checkout that *root* is in; None where it is in none."""
    found = (git(root, "rev-parse", "--show-toplevel") or "").rstrip("\n")
    return Path(found) if found else None


def is_dirty(root: Path, folders: Iterable[Path]) -> bool | None:
    """Say whether a file below *root* is not as the commit has it; None where git cannot say.

    A file that git does not know counts in *folders*, where the code of a run lies: elsewhere it
    is a backup, or a note. What git ignores counts nowhere.
    """
    changed = git(root, "status", "--porcelain", "--untracked-files=no", "--", ".")
    if changed is None or changed:
        return None if changed is None else True
    here = [str(folder) for folder in folders if folder.is_dir() and folder.is_relative_to(root)]
    # Without a folder it would list the whole checkout.
    unknown = git(root, "ls-files", "--others", "--exclude-standard", "--", *here) if here else ""
    return None if unknown is None else any(map(_is_source, unknown.splitlines()))


def _is_source(name: str) -> bool:
    return "__pycache__/" not in name


def git(root: Path, *words: str, seconds: float = _TIMEOUT_SECONDS) -> str | None:
    """Return what git says in the checkout at *root*; None when it fails, is not there, or slow.

    A word of a user's goes behind `--end-of-options`, a path behind `--`.
    """
    command = [*_GIT, "-C", str(root), *words]
    try:
        found = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=_environment(),
            check=False,
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout if found.returncode == 0 else None


def _environment() -> dict[str, str]:
    """Return the variables for git, without those by which a hook names another checkout."""
    return {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
