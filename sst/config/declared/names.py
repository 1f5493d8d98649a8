"""A setting's names: `migrate.lock_wait` in a file, `MIGRATE__LOCK_WAIT` in the environment."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEPARATOR = "__"
PLUGINS = "plugins"
APP = "app"
APP_SETTINGS = "app_settings"
ENABLED = (PLUGINS, "enabled")
PROTECTED = ("protected",)
TARGETS = ("migrate", "targets")
# `plugins.NAME.field`, `app.field`: deeper keys can be data, whose case matters.
_FOLDED_PARTS = 3
_FOLDED_PARTS_OF_APP = 2
# They say how the others are read.
_LOWER_CASE = frozenset([APP_SETTINGS, *PROTECTED])


def fold(part: str) -> str:
    """Return one *part* of a name without its case; `my-plugin` and `MY_PLUGIN` are the same."""
    return part.strip().lower().replace("-", "_")


def fold_path(path: Sequence[str]) -> tuple[str, ...]:
    """Return *path* as the catalogue spells it."""
    count = folded_parts(path[0]) if path else 0
    return tuple(fold(part) if i < count else part for i, part in enumerate(path))


def folded_parts(root: str) -> int:
    """Return how many parts of a path that begins with *root* have no case."""
    return _FOLDED_PARTS_OF_APP if fold(root) == APP else _FOLDED_PARTS


def name_of(path: Sequence[str]) -> str:
    """Return the name of *path* in the environment: `MIGRATE__LOCK_WAIT`."""
    return SEPARATOR.join(path).replace("-", "_").upper()


def key_of(path: Sequence[str]) -> str:
    """Return the name of *path* in a file, below its section: `migrate.lock_wait`, `DEBUG`."""
    if len(path) > 1 or path[0] in _LOWER_CASE:
        return ".".join(path)
    return path[0].upper()


def section_path(plugin: str) -> tuple[str, str]:
    """Return where the settings of *plugin* stand."""
    return (PLUGINS, fold(plugin))


def path_of(name: str) -> tuple[str, ...]:
    """Return the path of a *name* as people write it, with dots or double underscores."""
    return tuple(fold(part) for part in name.strip().replace(".", SEPARATOR).split(SEPARATOR))


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the *known* name that *word* was probably meant to be: its beginning, or a typo."""
    by_folded = {name.lower(): name for name in known}
    begun = [name for name in by_folded if len(word) > 1 and name.startswith(word.lower())]
    if len(begun) == 1:
        return by_folded[begun[0]]
    matches = get_close_matches(word.lower(), by_folded, n=1, cutoff=cutoff)
    return by_folded[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean 'X'?`, or nothing when no *known* name is near."""
    match = nearest(word, known)
    return f"did you mean {match!r}?" if match else ""
