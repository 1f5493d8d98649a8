"""Names with a word of Dynaconf's in them: what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.config.declared.names import name_of, path_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.config.declared.catalog import Catalog

_MERGES = ("dynaconf_merge", "dynaconf_merge_unique", "merge", "merge_unique")
_KEY_HINTS = {
    "dynaconf_merge": "a table is merged key by key anyway: remove the line; "
    'a list grows with the item "dynaconf_merge"',
    "dynaconf_include": "write it in settings.toml, .secrets.toml or settings.local.toml: "
    "no other file is read",
}
_KEY_HINTS["dynaconf_merge_unique"] = _KEY_HINTS["dynaconf_merge"]


def hint_for_key(key: str) -> str:
    """Return what to write instead of the *key* of a file, which is a word of Dynaconf's."""
    return _KEY_HINTS.get(key.lower(), "remove the line")


def hint_for_dunders(key: str) -> str:
    """Return what to write instead of the *key* of a file, which has two underscores in it."""
    _, _, last = key.lower().rpartition("__")
    return _KEY_HINTS["dynaconf_merge"] if last in _MERGES else ""


def hint_for_variable(path: Sequence[str], catalog: Catalog) -> str:
    """Return what to write instead of the variable at *path*, which is no setting.

    Dynaconf takes `..__dynaconf_merge` below a name, and `..___0` for an item of a list.
    """
    above = path[:-1]
    last = path[-1].lower() if path else ""
    found = catalog.find(above) if above else None
    if last in _MERGES:
        if found is None or found[0].is_table:
            return "a table is merged key by key anyway: take the variable away"
        return f"""write {name_of(above)}='["dynaconf_merge", "x"]'"""
    if found and not found[0].is_table and last.startswith("_") and last[1:].isdigit():
        return f"""write the whole list: {name_of(above)}='["x", "y"]'"""
    return ""


def first_key(text: str) -> str:
    """Return the first key of *text*, a table as JSON or TOML have it; else nothing."""
    inside = text.strip().removeprefix("{").lstrip()
    if not inside or inside == text.strip():
        return ""
    key = inside.replace(":", "=").partition("=")[0]
    return key.strip().strip("\"'").strip()


def named_in(path: Sequence[str], text: str, catalog: Catalog) -> str:
    """Return the setting below *path*, a table, that is first in *text*, a value for all of it."""
    key = first_key(text)
    found = catalog.find((*path, *path_of(key))) if key else None
    return found[0].name if found else ""
