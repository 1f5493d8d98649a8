"""The actor of a run: which person, host and code; for the record."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING, Any

from sst.migrator.ledger.checkout import is_dirty
from sst.tracing.spans import ids

if TYPE_CHECKING:
    from sst.migrator.values.context import Context


_PLUGINS = "plugins"


def run_actor(context: Context) -> dict[str, Any]:
    """Return the ledger's columns that say who runs what code where, and in which trace."""
    made = ids()
    return {
        "os_user": _os_user(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "app_version": context.version.app,
        "git_commit": context.version.git_commit,
        "git_dirty": _is_dirty(context),
        "trace_id": made.trace if made else None,
        "plugins": [
            *(entry.name for entry in context.plugins.entries),
            *(f"{name} (--no-plugin)" for name in context.plugins.left_out),
        ],
    }


def user_at_host() -> str:
    """Return who runs, for an event: `user@host`."""
    return f"{_os_user()}@{socket.gethostname()}"


def _is_dirty(context: Context) -> bool | None:
    """Say whether the commit is not all of the code; None where that is not known."""
    if not context.version.is_checkout:
        return None
    files = (revision.path for revision in context.project.revisions())
    folders = {file.parent for file in files if file}
    return is_dirty(context.root, sorted({*folders, context.root / _PLUGINS}))


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A numeric user of a container has no name.
        return str(os.getuid())
