"""The secrets that can be known before any plugin is: by their names, and by where they stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sst.config.declared.annotations import has_telling_name
from sst.config.declared.names import APP, PLUGINS, SEPARATOR, path_of
from sst.config.habits.list_markers import MARKERS
from sst.config.sources.files import SECRETS, leaves
from sst.config.sources.secret_files import read_secret_file
from sst.project_root import SETTINGS
from sst.redaction.urls import url_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sst.config.sources.files import TomlFile

_FILE = "_FILE"
_FOLDERS = frozenset(["PWD", "OLDPWD"])
"""What a shell calls its working folder: no password, whatever the name looks like."""
_NO_SECRETS = frozenset(
    ["", "true", "false", "yes", "no", "on", "off", "none", "null", "embedded", *MARKERS]
)


def known_in_variables(variables: Mapping[str, str]) -> frozenset[str]:
    """Return the secrets in *variables* of other programs: by a telling name, or in a URL."""
    return _without_words(
        text
        for name, value in variables.items()
        if not _is_for_plugin(name) and not name.endswith(_FILE) and name not in _FOLDERS
        for text in _of(name, value)
    )


def known_for_plugins(variables: Mapping[str, str], root: Path) -> frozenset[str]:
    """Return the secrets in *variables* for plugins and the application, as far as they are plain.

    What a `PLUGINS__..._FILE` or an `APP__..._FILE` holds is one; *root* is where a relative path
    starts.
    """
    return _without_words(
        text
        for name, value in variables.items()
        if _is_for_plugin(name)
        for text in _given(name, value, root)
    )


def known_in_files(files: Iterable[TomlFile]) -> frozenset[str]:
    """Return the secrets in *files*, in the sections of every environment.

    In `.secrets.toml` that is everything that is said to a plugin or to the application;
    settings.toml is for everybody to read, so a text there is none for its name.
    """
    return _without_words(
        text
        for file in files
        for path, value in leaves(file.data)
        for text in _of(
            "" if file.name == SETTINGS else path[-1],
            value,
            is_secret=file.name == SECRETS and not {PLUGINS, APP}.isdisjoint(path),
        )
    )


def known_in_overrides(overrides: Sequence[str]) -> frozenset[str]:
    """Return the secrets in the texts of `--set`."""
    inputs = (text.partition("=") for text in overrides)
    return _without_words(
        text for name, _, value in inputs for text in _of(path_of(name)[-1], value)
    )


def _is_for_plugin(name: str) -> bool:
    return name.startswith((f"{PLUGINS.upper()}{SEPARATOR}", f"{APP.upper()}{SEPARATOR}"))


def _given(name: str, value: str, root: Path) -> Iterator[str]:
    if name.endswith(_FILE):
        yield from _of(name, read_secret_file(root / value).text, is_secret=True)
    else:
        yield from _of(name, value)


def _of(name: str, value: Any, *, is_secret: bool = False) -> Iterator[str]:  # noqa: ANN401
    """Yield what must not be printed of *value*, which the setting or variable *name* has."""
    is_secret = is_secret or has_telling_name(name)
    for text in _texts(value):
        parts = url_secrets(text)
        yield from parts
        parsed = _parsed(text)
        if is_secret and not parts:
            yield text
            yield from _texts(parsed)
        elif parsed is not None:
            yield from _named(parsed)


def _named(value: Any) -> Iterator[str]:  # noqa: ANN401 - what JSON can hold
    """Yield the secrets in a table or a list, by the names of its keys."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _of(key, part) if isinstance(part, str) else _named(part)
    elif isinstance(value, list):
        for part in value:
            yield from _named(part)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - what TOML and JSON can hold
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _parsed(text: str) -> Any:  # noqa: ANN401 - what JSON can hold
    """Return the list or the table that *text* is in JSON, as variables give them."""
    try:
        return json.loads(text) if text.startswith(("[", "{")) else None
    except (ValueError, RecursionError):
        return None


def _without_words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text for text in texts if text.strip().lower() not in _NO_SECRETS)
