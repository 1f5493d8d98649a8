"""Faults of revision files, each with its file and line."""

from __future__ import annotations

import logging
import os
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from alembic.script.revision import CycleDetected, RevisionError

from sst.bridge.location.paths import shown
from sst.errors import BrokenHistoryError
from sst.text import first_line, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from alembic.script import Script

_log = logging.getLogger(__name__)
PLACES = frozenset({"base", "head", "heads"})
"""Words for places in a history, which no revision can have for its id."""
_TAKEN = "base, head and heads are places in the history"


def broken_file(error: Exception) -> BrokenHistoryError:
    """Return the error for a revision file that raised *error* while it was read."""
    file, line = _place(error)
    return BrokenHistoryError(
        what=f"The revision file {_at(file, line)} cannot be read.",
        why=f"{type(error).__name__}: {_text(error)}",
        next_step="correct the file, or take it out of the version folder",
    )


def check_folders(folders: Iterable[str | Path], *, is_recursive: bool) -> None:
    """Raise `BrokenHistoryError` when one of *folders* cannot be listed: to Alembic it is empty.

    One that does not exist is a warning, because git keeps no empty folder.
    """
    for folder in folders:
        try:
            _list(folder, is_recursive=is_recursive)
        except FileNotFoundError:
            _log.warning("there is no folder %s: no revision was found in it", shown(folder))
        except OSError as error:
            raise BrokenHistoryError(
                what=f"The version folder {shown(error.filename)} cannot be read.",
                why=str(error.strerror),
                next_step="make it a folder that the account that runs this may list",
            ) from error


def check_links(scripts: Sequence[Script]) -> None:
    """Raise `BrokenHistoryError` when a revision refers to one that no file holds."""
    known = {script.revision for script in scripts}
    labels = {label for script in scripts for label in script.branch_labels}
    for script in scripts:
        _check(script, "down_revision", script._versioned_down_revisions, known)  # noqa: SLF001
        _check(script, "depends_on", _as_tuple(script.dependencies), known | labels)


def check_ids(scripts: Iterable[Script]) -> None:
    """Raise `BrokenHistoryError` when the id of a revision is empty, or the word for a place."""
    for script in scripts:
        if not script.revision or script.revision in PLACES:
            raise BrokenHistoryError(
                what=f"No revision can have the id {script.revision!r}.",
                why=f"{_line_of(script, 'revision')}: an id is not empty, and {_TAKEN}",
                next_step="give it another id, there and where another revision refers to it",
            )


def twice(scripts: Sequence[Script]) -> None:
    """Raise `BrokenHistoryError` when two files hold the same revision id."""
    seen: dict[str, Script] = {}
    for script in scripts:
        other = seen.setdefault(script.revision, script)
        if other is not script:
            raise BrokenHistoryError(
                what=f"Two files hold the revision {script.revision}.",
                why=f"{_line_of(other, 'revision')} and {_line_of(script, 'revision')}",
                next_step="give one of them an id of its own, or remove the copy",
            )


@contextmanager
def cycle(scripts: Sequence[Script]) -> Iterator[None]:
    """Translate Alembic's errors about a circle of revisions, or a label used twice."""
    try:
        yield
    except CycleDetected as error:
        # Alembic lists everything that it could not reach; the circle is what each of them is in.
        files = [_line_of(s, "down_revision") for s in scripts if s.revision in error.revisions]
        circle = BrokenHistoryError(
            what=f"The revisions {listed(sorted(error.revisions))} form a circle.",
            why=listed(files),
            next_step="correct the down_revision (or depends_on) that points the wrong way",
        )
        circle.revisions = tuple(sorted(error.revisions))
        raise circle from error
    except RevisionError as error:
        raise BrokenHistoryError(
            what="The revision files contradict each other.",
            why=_text(error),
            next_step="correct the files that are named",
        ) from error


def lacking(script: Script, function: str) -> BrokenHistoryError:
    """Return the error for a revision file without upgrade() or downgrade()."""
    return BrokenHistoryError(
        what=f"Revision {script.revision} has no {function}().",
        why=f"{shown(script.path)} does not define it",
        next_step=f"write def {function}() in that file",
    )


def _list(folder: str | Path, *, is_recursive: bool) -> None:
    for _, below, _ in os.walk(folder, onerror=_raise):
        below[:] = [name for name in below if is_recursive and name != "__pycache__"]


def _raise(error: OSError) -> NoReturn:
    raise error


def _check(script: Script, name: str, wanted: Iterable[str], known: set[str]) -> None:
    missing = [each for each in wanted if each not in known]
    if missing:
        raise BrokenHistoryError(
            what=f"No file holds the revision {missing[0]}.",
            why=f"{_line_of(script, name)}: revision {script.revision} names it as its {name}",
            next_step="bring the missing file back from version control, or correct the reference",
        )


def _place(error: Exception) -> tuple[str, int | None]:
    """Return file and line of *error*: a syntax error's own, else the deepest in the file."""
    file = _file_being_read(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return file, lines[-1] if lines else None


def _file_being_read(trace: TracebackType | None) -> str:
    # Alembic's error does not name the file that it was reading; its loop has the name.
    for frame, _ in traceback.walk_tb(trace):
        if "real_path" in frame.f_locals:
            return str(frame.f_locals["real_path"])
    return "in the version folder"


def _line_of(script: Script, name: str) -> str:
    lines = Path(script.path).read_text(encoding="utf-8", errors="replace").splitlines()
    found = (
        n for n, line in enumerate(lines, 1) if line.split(":")[0].split("=")[0].strip() == name
    )
    return _at(script.path, next(found, None))


def _at(file: str, line: int | None) -> str:
    return f"{shown(file)}:{line}" if line else shown(file)


def _text(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    return first_line(error)


def _as_tuple(value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
