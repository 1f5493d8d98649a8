"""The commands of the enabled plugins, known from texts and metadata: nothing is imported.

`--help` and the completion ask: it must be quick, and work with a broken plugin. The settings are
read as text too, so what `--set` and a plugin's `config_values` say of the list is not known here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst.built_in import built_in_home
from sst.cli.completing.settings_text import tables, variable_values
from sst.cli.plugin_commands.declared import declared_commands

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib import metadata

COMMANDS_GROUP = "sst.commands"
"""Entry points of a package that name its plugins' commands: `tidy = "shelf"`, for one of them."""
_HOOK = b"register_commands"
_PLUGINS_GROUP = "sst.plugins"
_VARIABLE = "PLUGINS__ENABLED"
_MARKERS = ("dynaconf_merge", "dynaconf_merge_unique")


def commands_of_enabled(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the commands of the plugins that are enabled for the project in *root*, by plugin.

    Raises what an unreadable file of settings raises.
    """
    found = {name: _commands_of(root, use or name) for name, use in enabled_plugins(root).items()}
    return {name: commands for name, commands in found.items() if commands}


def enabled_plugins(root: Path) -> dict[str, str]:
    """Return the enabled plugins, each with the plugin that it is an instance of, or nothing."""
    names: list[str] = []
    sections: dict[str, Any] = {}
    for section_of_all in tables(root):
        table = section_of_all.get("plugins", {})
        names = _merged(names, table.get("enabled"))
        for name, section in table.items():
            if isinstance(section, dict):
                sections[name.lower()] = {**sections.get(name.lower(), {}), **section}
    for text in variable_values(root, _VARIABLE):
        names = _merged(names, _list(text))
    chosen = {name: sections.get(name.lower(), {}) for name in names}
    return {
        name: str(section.get("use", ""))
        for name, section in chosen.items()
        if section.get("enabled", True) is not False
    }


def plugin_names(root: Path) -> list[str]:
    """Return the plugins that could be named for the project in *root*, enabled or not."""
    from importlib import metadata

    found = {
        path.stem
        for folder in _folders(root)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    installed_ones = {entry.name for entry in metadata.entry_points(group=_PLUGINS_GROUP)}
    return sorted(
        name for name in found | installed_ones | {*enabled_plugins(root)} if name[0] != "_"
    )


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
    # Not at the top: the metadata of packages takes longer to import than the help to be written.
    from importlib import metadata

    return next(iter(metadata.entry_points(group=_PLUGINS_GROUP, name=name)), None)


def are_all_known(root: Path) -> bool:
    """Say whether no enabled plugin may have a command that only an import would show."""
    plugins = {use or name for name, use in enabled_plugins(root).items()}
    return not any(_may_have_others(root, plugin) for plugin in plugins)


def _commands_of(root: Path, name: str) -> tuple[str, ...]:
    file = _local_file(root, name)
    if file:
        return declared_commands(file)
    entry = installed(name)
    return package_commands(entry) if entry else ()


def _may_have_others(root: Path, name: str) -> bool:
    if _commands_of(root, name):
        return False
    entry = installed(name)
    file = _local_file(root, name) or (_module_file(entry) if entry else None)
    if file is None:
        return True
    texts = file.parent.rglob("*.py") if file.name == "__init__.py" else [file]
    return any(_HOOK in text.read_bytes() for text in texts)


def _local_file(root: Path, name: str) -> Path | None:
    parts = (f"{name}.py", f"{name}/__init__.py")
    places = (folder / part for folder in _folders(root) for part in parts)
    return next((place for place in places if place.is_file()), None)


def _folders(root: Path) -> tuple[Path, Path]:
    return root / "plugins", built_in_home() / "plugins"


def _list(text: str) -> list[Any] | None:
    """Return the list that *text* is in JSON or TOML; None when it is none."""
    import json
    import tomllib

    for read in (json.loads, lambda value: tomllib.loads(f"x = {value}")["x"]):
        try:
            found = read(text)
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
