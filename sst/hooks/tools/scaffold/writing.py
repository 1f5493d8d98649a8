"""Write the files of a new plugin: all of them, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from sst.hooks.tools.scaffold.plan import NewPlugin


def write_new(plugin: NewPlugin) -> tuple[Path, ...]:
    """Write *plugin* and return its files.

    Raises `RefusedError` when one of them exists or cannot be written; nothing is left then.
    """
    files = {plugin.root / path: text for path, text in plugin.files.items()}
    existing = [path for path in files if path.exists()]
    if existing:
        raise RefusedError(
            what=f"{existing[0]} exists already; nothing was written.",
            next_step="move it away, or choose another name",
        )
    made: list[Path] = []
    try:
        for path, text in files.items():
            made += _make_folders(path.parent)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        _remove(made)
        raise RefusedError(
            what=f"{error.filename or plugin.root} cannot be written; nothing was left behind.",
            why=error.strerror or "",
            next_step="make the folder writable, or name another one with --directory",
        ) from error
    return tuple(files)


def _make_folders(folder: Path) -> list[Path]:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir()
    return list(reversed(missing))


def _remove(made: list[Path]) -> None:
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
