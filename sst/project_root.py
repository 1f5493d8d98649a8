"""The folder that is the project: given by a door, else found upward from the working folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTINGS = "settings.toml"
ALEMBIC_INI = "alembic.ini"
PYPROJECT = "pyproject.toml"
LOCATIONS = ("alembic_config", "script_location")
"""The settings of `migrate` that say where the revisions are."""
_OURS = (SETTINGS, ".secrets.toml", ".secrets.toml.example", "settings.local.toml")
_TABLE = re.compile(r"^\s*\[\s*tool\s*\.\s*alembic(?![\w-])", re.MULTILINE)


def find_project_root(start: Path | None = None) -> Path | None:
    """Return the project that *start*, else the working folder, lies in; None for no project.

    It is the nearest folder upward with a settings.toml, else the nearest with an alembic.ini or
    a `[tool.alembic]` in its pyproject.toml.
    """
    folders = _upward(start)
    settled = (folder for folder in folders if _is_file(folder / SETTINGS))
    return next(settled, None) or next(filter(alembic_file, folders), None)


def nearest_folder(start: Path | None = None) -> Path | None:
    """Return the nearest folder upward with any sign of a project; None for no such folder."""
    signs = (
        folder
        for folder in _upward(start)
        if _is_file(folder / SETTINGS) or alembic_file(folder) is not None
    )
    return next(signs, None)


def require_project_root(*, is_named: bool = False) -> Path:
    """Return the project that the working folder lies in.

    Raises `UsageError` when there is none, and when an Alembic project lies nearer than the
    settings.toml and is none that it names: one of the two would get the other's revisions.
    With *is_named* the call itself names the revisions.
    """
    root = find_project_root()
    if root is None:
        raise UsageError(
            what=f"There is no project in {_working_folder()} nor in a folder above it.",
            why=f"looked for {SETTINGS}, {ALEMBIC_INI}, and [tool.alembic] in a {PYPROJECT}",
            next_step="go to the project's folder; `sst init` writes settings for the one here",
        )
    if not is_named:
        _refuse_passed_over(root)
    return root


def alembic_file(folder: Path) -> Path | None:
    """Return the file in *folder* that Alembic reads: an ini before a pyproject.toml."""
    ini, pyproject = folder / ALEMBIC_INI, folder / PYPROJECT
    if _is_file(ini):
        return ini
    return pyproject if _has_table(pyproject) else None


def does_without_settings(folder: Path) -> bool:
    """Say whether *folder* is a project of Alembic's with no file of ours: all has its default.

    Where one of our files lies, a settings.toml that is missing is a mistake: with it the backups
    before a run would be gone.
    """
    is_ours = any(os.path.lexists(folder / name) for name in _OURS)
    return not is_ours and alembic_file(folder) is not None


def _refuse_passed_over(root: Path) -> None:
    nearer = nearest_folder()
    if nearer is None or nearer == root:
        return
    if any(place == nearer or nearer in place.parents for place in _named_places(root)):
        return
    raise UsageError(
        what=f"Two projects: {root} has {SETTINGS}, {nearer} has revisions that it does not name.",
        why="the settings of the one would run with the revisions of the other",
        next_step=f"go to {root} for its own; in {nearer}, `sst init` makes a project of its own",
    )


def _named_places(root: Path) -> Iterator[Path]:
    """Yield where the settings.toml of *root* says that revisions are, and where they are else."""
    import tomllib

    yield root / "alembic"
    try:
        settings = tomllib.loads((root / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    yield from (root / text for text in _locations(settings))


def _locations(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _locations(value)
        elif isinstance(value, str) and name.lower() in LOCATIONS:
            yield value


def _upward(start: Path | None) -> tuple[Path, ...]:
    here = start or _working_folder()
    return (here, *here.parents)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise UsageError(
            what=f"The folder {path.parent} cannot be searched for a project.",
            why=str(error.strerror),
            next_step="go to a folder that you may read",
        ) from error


def _has_table(pyproject: Path) -> bool:
    try:
        return _TABLE.search(pyproject.read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return False


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(
            what="The working folder does not exist any more.",
            why=str(error.strerror),
            next_step="go to the project's folder",
        ) from error
