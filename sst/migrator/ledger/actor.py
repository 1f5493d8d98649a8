"""The actor of a run: which person, host and code; for the record."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from sst.migrator.values.context import Context


def run_actor(context: Context) -> dict[str, Any]:
    """Return the ledger's columns that say who runs what code where."""
    return {
        "os_user": _os_user(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "app_version": context.version.app,
        "git_commit": context.version.git_commit,
        "plugins": [
            *(entry.name for entry in context.plugins.entries),
            *(f"{name} (--no-plugin)" for name in context.plugins.left_out),
        ],
    }


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A numeric user of a container has no name.
        return str(os.getuid())


def git_commit(root: Path) -> str:
    """Return the commit that the checkout at *root* is at; nothing where it is none."""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
