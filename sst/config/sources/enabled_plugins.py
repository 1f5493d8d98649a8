"""The allow-list: `plugins.enabled` before any plugin is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.config.declared.names import ENABLED, PLUGINS, fold, fold_path, name_of
from sst.config.habits.list_markers import without_markers
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.config.sources.files import TomlFile
    from sst.config.sources.source_values import SourceValue

# A name becomes a file's name: nothing that could leave the folder `plugins`.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RESERVED = frozenset({"enabled"})


def enabled_problems(names: Sequence[str], source: str) -> Iterator[Problem]:
    """Yield what is wrong with the plugin *names* of `plugins.enabled`."""
    subject = name_of(ENABLED)
    folded = [fold(name) for name in names]
    for position, name in enumerate(names):
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
            yield Problem(subject, f"{name!r} is not a plugin's name", source)
        elif name in names[:position]:
            yield Problem(subject, f"{name!r} is listed twice", source)
        elif folded[position] in folded[:position]:
            other = names[folded.index(folded[position])]
            yield Problem(subject, f"{name!r} and {other!r} would share their settings", source)


def enabled_anywhere(files: Sequence[TomlFile]) -> frozenset[str]:
    """Return the plugins that any section of *files* enables: their settings are no mistakes."""
    found: set[str] = set()
    for file in files:
        for section in file.sections:
            for path, value, _ in file.leaves(section):
                if fold_path(path) == ENABLED and isinstance(value, list):
                    found |= {name for name in without_markers(value) if isinstance(name, str)}
    return frozenset(found)


def unread(values: Sequence[SourceValue], enabled: Sequence[str]) -> tuple[SourceValue, ...]:
    """Return those of the *values* of files that speak of a plugin which is not *enabled*."""
    readers = {fold(name) for name in enabled}
    return tuple(
        each
        for each in values
        if len(each.path) > len(ENABLED) and each.path[0] == PLUGINS
        if fold(each.path[1]) not in readers
    )
