"""Who runs what code where: for the record."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.migrator.context import Context


def who_runs(context: Context) -> dict[str, Any]:
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
