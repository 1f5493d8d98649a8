"""Say where something is: file and line, as a person reads it."""

from __future__ import annotations

import ast
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def shown(path: Path | str, root: Path, line: int | None = None) -> str:
    """Return *path* as `plugins/x.py:3`: without *root* where it lies below it."""
    text = str(path).removeprefix(f"{root.resolve()}/")
    return text if line is None else f"{text}:{line}"


def describe_error(error: BaseException) -> str:
    """Return type and first line of *error*; of the server's, what quotes no row."""
    if getattr(error, "orig", None):
        # SQLAlchemy is slow to load; here it is loaded.
        from sst.db.server_errors import server_message

        return server_message(error)
    line = first_line(str(error))
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def location_of(error: BaseException, package: str) -> tuple[str, int] | None:
    """Return file and line of the deepest frame of *error* in *package*, None when it has none.

    A syntax error names its own place: its code never had a frame.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return error.filename, error.lineno
    own = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if belongs(frame.f_globals.get("__name__"), package)
    ]
    return own[-1] if own else None


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Give *error*, and what it was raised over, the latest first."""
    behind: BaseException | None = error
    while behind is not None:
        yield behind
        behind = behind.__cause__ or behind.__context__


def line_in(file: str, error: BaseException) -> int | None:
    """Return the line of the deepest frame of *error* in *file*; None when it has none there.

    What *error* came of is looked at too: a signal is raised beside the statement that it ends.
    """
    for cause in causes_of(error):
        if isinstance(cause, SyntaxError) and cause.filename == file:
            return cause.lineno
        frames = traceback.walk_tb(cause.__traceback__)
        lines = [line for frame, line in frames if frame.f_code.co_filename == file]
        if lines:
            return lines[-1]
    return None


def belongs(module: object, package: str) -> bool:
    """Say whether *module* is the name of *package* or of something in it."""
    return isinstance(module, str) and (module == package or module.startswith(f"{package}."))


def name_location(module: ModuleType, name: str) -> tuple[str, int]:
    """Return file and line where *module* gives *name* a value; line 1 when its text is silent."""
    file = module.__file__ or module.__name__
    try:
        body = ast.parse(Path(file).read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return file, 1
    return file, next((node.lineno for node in body if name in _names(node)), 1)


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
