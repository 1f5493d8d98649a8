"""The commands of the enabled plugins, known from texts and metadata: nothing is imported.

`--help` and the completion ask: it must be quick, and work with a broken plugin. The settings are
read as text too, so what `--set` and a plugin's `config_values` say of the list is not known here.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst.built_in import built_in_home
from sst.cli.plugin_commands.declared import declared_commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COMMANDS_GROUP = "sst.commands"
"""Entry points of a package that name its plugins' commands: `tidy = "shelf"`, for one of them."""
_PLUGINS_GROUP = "sst.plugins"
_FILES = ("settings.toml", ".secrets.toml")
_LOCAL_FILE = "settings.local.toml"
_DEVELOPMENT = "development"
_ENVIRONMENTS = ("ENV_FOR_DYNACONF", "ENVIRONMENT")
_VARIABLE = "PLUGINS__ENABLED"
_MARKERS = ("dynaconf_merge", "dynaconf_merge_unique")
_IN_DOTENV = re.compile(rf"^\s*(?:export\s+)?{_VARIABLE}\s*=\s*(.+?)\s*$", re.MULTILINE)


def commands_of_enabled(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the commands of the plugins that are enabled for the project in *root*, by plugin.

    Raises what an unreadable file of settings raises.
    """
    found = {name: _commands_of(root, use or name) for name, use in enabled_plugins(root).items()}
    return {name: commands for name, commands in found.items() if commands}


def enabled_plugins(root: Path) -> dict[str, str]:
    """Return the enabled plugins, each with the plugin that it is an instance of, or nothing."""
    environment = _environment()
    names: list[str] = []
    sections: dict[str, Any] = {}
    for table in _tables(root, environment):
        names = _merged(names, table.get("enabled"))
        for name, section in table.items():
            if isinstance(section, dict):
                sections[name.lower()] = {**sections.get(name.lower(), {}), **section}
    for text in _spoken(root, environment):
        names = _merged(names, _list(text))
    chosen = {name: sections.get(name.lower(), {}) for name in names}
    return {
        name: str(section.get("use", ""))
        for name, section in chosen.items()
        if section.get("enabled", True) is not False
    }


def package_commands(entry: metadata.EntryPoint) -> tuple[str, ...]:
    """Return the commands of the plugin *entry* of an installed package.

    What the package's own metadata says of this plugin, else what its text declares.
    """
    if entry.dist is None:
        return ()
    group = entry.dist.entry_points.select(group=COMMANDS_GROUP)
    said = sorted(each.name for each in group if each.value in (entry.name, entry.value))
    return tuple(said) or declared_commands(_module_file(entry))


def installed(name: str) -> metadata.EntryPoint | None:
    """Return the entry point of the plugin *name* in whatever package is installed."""
    return next(iter(metadata.entry_points(group=_PLUGINS_GROUP, name=name)), None)


def _commands_of(root: Path, name: str) -> tuple[str, ...]:
    for folder in (root / "plugins", built_in_home() / "plugins"):
        for part in (f"{name}.py", f"{name}/__init__.py"):
            if (folder / part).is_file():
                return declared_commands(folder / part)
    entry = installed(name)
    return package_commands(entry) if entry else ()


def _environment() -> str:
    asked = [os.environ[name] for name in _ENVIRONMENTS if os.environ.get(name)]
    return (asked or [_DEVELOPMENT])[0].strip().lower()


def _tables(root: Path, environment: str) -> Iterator[Mapping[str, Any]]:
    """Yield the `plugins` tables of the files of settings, those that win last."""
    for name in (*_FILES, *([_LOCAL_FILE] if environment == _DEVELOPMENT else [])):
        file = root / name
        if file.is_file():
            sections = tomllib.loads(file.read_text(encoding="utf-8"))
            by_name = {section.lower(): table for section, table in sections.items()}
            for section in ("default", environment):
                yield by_name.get(section, {}).get("plugins", {})


def _spoken(root: Path, environment: str) -> Iterator[str]:
    """Yield what .env, which only development reads, and the process's environment say."""
    if environment == _DEVELOPMENT and (root / ".env").is_file():
        yield from _IN_DOTENV.findall((root / ".env").read_text(encoding="utf-8"))
    yield os.environ.get(_VARIABLE, "")


def _list(text: str) -> list[Any] | None:
    """Return the list that *text* is in JSON or TOML; None when it is none."""
    plain = text.strip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\"":
        plain = plain[1:-1]
    for read in (json.loads, lambda value: tomllib.loads(f"x = {value}")["x"]):
        try:
            found = read(plain)
        except ValueError:
            continue
        return found if isinstance(found, list) else None
    return None


def _merged(names: Sequence[str], said: object) -> list[str]:
    """Return *names*, or what is *said* in their place, or both where it says so."""
    if not isinstance(said, list):
        return [*names]
    more = [each for each in said if isinstance(each, str) and each not in _MARKERS]
    below = names if any(marker in said for marker in _MARKERS) else ()
    return list(dict.fromkeys([*below, *more]))


def _module_file(entry: metadata.EntryPoint) -> Path | None:
    """Return the module's file; None where only an import would show it (editable installs)."""
    if entry.dist is None:
        return None
    stem = entry.module.replace(".", "/")
    places = (Path(str(entry.dist.locate_file(f"{stem}{end}"))) for end in (".py", "/__init__.py"))
    return next((place for place in places if place.is_file()), None)
