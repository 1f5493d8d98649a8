"""A checkout of git that a test makes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *words: str) -> str:
    """Return what git says in *root*, as somebody with a name and no settings."""
    who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    command = ["git", "-C", str(root), *who, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def commit_all(root: Path) -> str:
    """Commit everything in *root*; return the commit."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all of it")
    return git(root, "rev-parse", "HEAD")
