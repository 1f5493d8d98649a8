"""Read the settings files as they stand: which key is said where, for lines and for lint."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sst.config.declared.names import fold_path
from sst.config.sources.source_values import Layer, SourceValue
from sst.config.sources.toml_lines import key_lines, line_of
from sst.errors import Problem
from sst.project_root import SETTINGS, does_without_settings
from sst.redaction.never_pickled import NeverPickled
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DEFAULT_SECTION = "default"
SECRETS = ".secrets.toml"
LOCAL = "settings.local.toml"
EXAMPLE = ".secrets.toml.example"
_COPY = "copy it from the repository, or let `python migrate.py init` write it"
_BOM = "\ufeff"


@dataclass(frozen=True)
class TomlFile(NeverPickled):
    """One settings file; its `repr` holds no value."""

    path: Path
    text: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """The file's name, as problems show it."""
        return self.path.name

    @cached_property
    def sections(self) -> Mapping[str, str]:
        """The file's sections by their lower-case names."""
        return {key.lower(): key for key, value in self.data.items() if isinstance(value, dict)}

    @cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        return key_lines(self.text)

    def where(self, *path: str) -> str:
        """Return the place of *path*, whose first part is the section: `settings.toml:18 [x]`."""
        line = line_of(path, self._lines)
        place = self.name if line is None else f"{self.name}:{line}"
        is_sectioned = bool(path) and isinstance(self.data.get(path[0]), dict)
        return f"{place} [{path[0].lower()}]" if is_sectioned else place

    def leaves(self, section: str) -> Iterator[tuple[tuple[str, ...], Any, str]]:
        """Yield path, value and place of everything that *section* says."""
        title = self.sections.get(section)
        if title is None:
            return
        for path, value in leaves(self.data[title]):
            yield path, value, self.where(title, *path)

    def source_values(self, section: str) -> Iterator[SourceValue]:
        """Yield what *section* says."""
        for path, value, place in self.leaves(section):
            yield SourceValue(fold_path(path), value, place, Layer.FILE, is_text=False)


def read_toml(path: Path) -> TomlFile | Problem:
    """Return the file at *path*, or why it cannot be read; a fault's text holds no value."""
    text = read_text(path)
    if isinstance(text, Problem):
        return text
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        # From Python 3.14 on the error carries the whole document: only its message leaves here.
        return Problem(path.name, f"is not valid TOML: {first_line(error)}", str(path))


def read_settings(root: Path) -> TomlFile | Problem:
    """Return settings.toml of the project at *root*; an empty one where it does without."""
    path = root / SETTINGS
    return TomlFile(path, "", {}) if does_without_settings(root) else read_toml(path)


def leaves(
    table: Mapping[str, Any], above: Sequence[str] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield path and value of everything in *table* that is not a table itself."""
    for key, value in table.items():
        path = (*above, key)
        if isinstance(value, dict):
            yield from leaves(value, path)
        else:
            yield path, value


def read_text(path: Path) -> str | Problem:
    """Return the text of *path*, or why it cannot be read."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Problem(path.name, "is missing", str(path), _COPY)
    except IsADirectoryError:
        return Problem(path.name, "is a directory, not a file", str(path))
    except OSError as error:
        return Problem(path.name, f"cannot be read: {error.strerror}", str(path))
    return _decoded(raw, path)


def _decoded(raw: bytes, path: Path) -> str | Problem:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Problem(path.name, f"is not UTF-8 (line {line})", str(path))
    if text.startswith(_BOM):
        return Problem(
            path.name, "starts with a byte order mark", str(path), "save it as UTF-8 without BOM"
        )
    return text.replace("\r\n", "\n")
