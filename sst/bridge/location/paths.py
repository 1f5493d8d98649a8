"""Paths of an Alembic project: absolute inside, relative to the working folder in messages."""

from __future__ import annotations

from pathlib import Path


def shown(path: str | Path) -> str:
    """Return *path* relative to the working folder when it lies there, else as it is."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def absolute(folder: Path, location: str) -> str:
    """Return *location* taken relative to *folder*; a `package:folder` stays as it is."""
    if ":" in location and not Path(location).is_absolute():
        return location
    return str((folder / location).absolute())
