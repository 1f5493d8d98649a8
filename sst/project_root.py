"""The folder that is the project: given by a door, else found upward from the working folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sst.errors import UsageError

SETTINGS = "settings.toml"
ALEMBIC_INI = "alembic.ini"
PYPROJECT = "pyproject.toml"
_OURS = (SETTINGS, ".secrets.toml", ".secrets.toml.example", "settings.local.toml")
_TABLE = re.compile(r"^\s*\[\s*tool\s*\.\s*alembic\s*\]", re.MULTILINE)


def find_project_root(start: Path | None = None) -> Path | None:
    """Return the project that *start*, else the working folder, lies in; None for no project.

    It is the nearest folder upward with a settings.toml, else the nearest with an alembic.ini or
    a `[tool.alembic]` in its pyproject.toml.
    """
    here = start or _working_folder()
    folders = (here, *here.parents)
    settled = (folder for folder in folders if (folder / SETTINGS).is_file())
    return next(settled, None) or next(filter(alembic_file, folders), None)


def require_project_root() -> Path:
    """Return the project that the working folder lies in.

    Raises `UsageError` when there is none.
    """
    root = find_project_root()
    if root is None:
        raise UsageError(
            what=f"There is no project in {_working_folder()} nor in a folder above it.",
            why=f"looked for {SETTINGS}, {ALEMBIC_INI}, and [tool.alembic] in a {PYPROJECT}",
            next_step="go to the project's folder; `sst init` writes settings for the one here",
        )
    return root


def alembic_file(folder: Path) -> Path | None:
    """Return the file in *folder* that Alembic reads: an ini before a pyproject.toml."""
    ini, pyproject = folder / ALEMBIC_INI, folder / PYPROJECT
    if ini.is_file():
        return ini
    return pyproject if _has_table(pyproject) else None


def does_without_settings(folder: Path) -> bool:
    """Say whether *folder* is a project of Alembic's with no file of ours: all has its default.

    Where one of our files lies, a settings.toml that is missing is a mistake: with it the backups
    before a run would be gone.
    """
    is_ours = any(os.path.lexists(folder / name) for name in _OURS)
    return not is_ours and alembic_file(folder) is not None


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
