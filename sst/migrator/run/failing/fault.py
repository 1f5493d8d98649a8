"""The place where a revision failed, its statement, and what the server added to its message."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sst.db.server_errors import server_detail, server_hint, sqlstate_of
from sst.errors import NO_FAULT, Fault
from sst.hooks.contract.error_location import line_in
from sst.redaction.statements import without_literals

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.run.progress import Progress

_LONGEST_STATEMENT = 500


def fault_of(
    raised: BaseException,
    progress: Progress,
    redact: Callable[[str], str],
    *,
    line: int | None = None,
) -> Fault:
    """Return where the current step was when *raised* ended it; nothing when there is no step.

    *line* is that of the revision's file where the traceback of *raised* does not lead there.
    """
    step = progress.current_step
    if step is None:
        return NO_FAULT
    path = step.revision.path
    detail, hint = server_detail(raised), server_hint(raised)
    # A signal, or a server that is silent, says nothing of the statement that it ends.
    is_cut_off = not isinstance(raised, Exception)
    running = progress.attempts.running if is_cut_off else None
    statement = getattr(raised, "statement", None) or running
    return Fault(
        file=redact(shown(path, progress.run.project_root)) if path and progress.run else None,
        line=(line_in(str(path), raised) or line) if path else None,
        statement=_shortened(statement, redact) if statement else None,
        sqlstate=sqlstate_of(raised),
        detail=redact(detail) if detail else None,
        server_hint=redact(hint) if hint else None,
    )


def shown(path: Path, root: Path) -> str:
    """Return *path* relative to *root*, or to the folder of packages that it lies in."""
    for folder in (root, root.resolve(), *map(Path, filter(None, sys.path))):
        if folder.is_absolute() and path.is_relative_to(folder):
            return str(path.relative_to(folder))
    return str(path)


def _shortened(statement: str, redact: Callable[[str], str]) -> str:
    return redact(without_literals(statement, _LONGEST_STATEMENT))
