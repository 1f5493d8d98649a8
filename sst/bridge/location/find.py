"""Finds the Alembic project that the settings point at: an ini, a pyproject.toml or a folder."""

from __future__ import annotations

import codecs
import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from configparser import Error as IniError
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from alembic.config import Config
from alembic.util import coerce_resource_to_filename

from sst.bridge.location.location import HOOKS_SECTION, Location
from sst.bridge.location.paths import absolute, shown
from sst.errors import ConfigError, Problem
from sst.project_root import ALEMBIC_INI, PYPROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DEFAULT_LOCATION = "alembic"
_PATHS = ("script_location", "version_locations", "prepend_sys_path")
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}


class LocationSettings(Protocol):
    """The part of `[default.migrate]` that says which project is driven."""

    @property
    def script_location(self) -> str:
        """The folder of `env.py`, relative to the root; or `package:folder`."""

    @property
    def alembic_config(self) -> str | None:
        """An `alembic.ini` or `pyproject.toml` below the root; it replaces *script_location*."""

    @property
    def alembic_section(self) -> str:
        """The section of that ini; of a `pyproject.toml` the table, as a rule `tool.alembic`."""


def locate(root: Path, settings: LocationSettings) -> Location:
    """Return the project that *settings* point at.

    An ini wins.
    A *script_location* other than the default stands for itself; what Alembic reads in *root*
    completes it when that names the same folder.
    Else it is what Alembic itself reads in *root*: an alembic.ini, `[tool.alembic]` of its
    pyproject.toml, or the folder of the default.

    Raises `ConfigError` when a file, a section or a folder is missing or cannot be read.
    """
    location = _read(root, settings)
    location.prepend_sys_path()
    return _checked(location)


def _read(root: Path, settings: LocationSettings) -> Location:
    if settings.alembic_config:
        return _from_ini((root / settings.alembic_config).absolute(), settings.alembic_section)
    if settings.script_location == _DEFAULT_LOCATION:
        return _as_alembic_reads(root, settings.alembic_section)
    named = Location(absolute(root, settings.script_location))
    # Where these files are broken or lead elsewhere, they are not what is driven.
    with suppress(ConfigError):
        beside = _as_alembic_reads(root, settings.alembic_section)
        if os.path.realpath(beside.script_location) == os.path.realpath(named.script_location):
            return beside
    return named


def _as_alembic_reads(root: Path, section: str) -> Location:
    if (root / ALEMBIC_INI).is_file():
        return _from_ini((root / ALEMBIC_INI).absolute(), section)
    return _from_values(root, {"script_location": _DEFAULT_LOCATION} | _pyproject(root))


def _from_ini(ini: Path, section: str) -> Location:
    if not ini.is_file():
        raise _wrong("migrate.alembic_config", f"the file {shown(ini)} does not exist")
    if ini.suffix == ".toml":
        return _from_toml(ini, section)
    raw = _bytes(ini)
    # The errors' own texts quote lines of the file, and a URL with a password may be one.
    try:
        return _from_config(ini, Config(str(ini), ini_section=section))
    except UnicodeDecodeError as error:
        line = raw.decode(error.encoding, "replace").partition("\ufffd")[0].count("\n") + 1
        what = f"{shown(ini)} is not {error.encoding.upper()} (line {line})"
    except IniError as error:
        place = f"line {error.lineno}" if hasattr(error, "lineno") else type(error).__name__
        what = f"{shown(ini)} cannot be read ({place})"
        if raw.startswith(codecs.BOM_UTF8):
            what = f"{shown(ini)} begins with a byte order mark (BOM): save it without"
    raise _wrong("migrate.alembic_config", what)


def _bytes(ini: Path) -> bytes:
    # ConfigParser passes over a file that it cannot open.
    try:
        return ini.read_bytes()
    except OSError as error:
        what = f"{shown(ini)} cannot be read: {error.strerror}"
        raise _wrong("migrate.alembic_config", what) from error


def _from_toml(file: Path, section: str) -> Location:
    """Return the project of the table *section*, `alembic` for `tool.alembic`, in *file*."""
    tables = _table(_toml(file), "tool")
    values = _table(tables, section.removeprefix("tool."))
    if not values:
        known = [f"tool.{name}" for name, table in tables.items() if isinstance(table, Mapping)]
        raise _no_section(file, f"tool.{section.removeprefix('tool.')}", known)
    if "script_location" not in values:
        what = f"[tool.{section.removeprefix('tool.')}] of {shown(file)} has no script_location"
        raise _wrong("migrate.alembic_config", what)
    return _from_values(file.parent, _expanded(values, file.parent))


def _from_config(ini: Path, config: Config) -> Location:
    section = config.config_ini_section
    if section not in config.file_config:
        raise _no_section(ini, section, config.file_config.sections())
    # Alembic takes what the ini leaves open from the pyproject.toml beside it, since 1.16.
    own = {*config.file_config[section]}
    own |= {HOOKS_SECTION} if HOOKS_SECTION in config.file_config else set()
    beside = {name: value for name, value in _pyproject(ini.parent).items() if name not in own}
    values = beside | _ini_paths(config)
    if "script_location" not in values:
        raise _wrong(
            "migrate.alembic_config", f"[{section}] of {shown(ini)} has no script_location"
        )
    return replace(_from_values(ini.parent, values), ini=ini, section=section)


def _ini_paths(config: Config) -> dict[str, Any]:
    options = {name: config.get_main_option(name) for name in _PATHS}
    found: dict[str, Any] = {name: text for name, text in options.items() if text}
    if versions := found.get("version_locations"):
        names = ("path_separator", "version_path_separator")
        found["version_locations"] = _split(config, versions, names, r", *|(?: +)")
    if folders := found.get("prepend_sys_path"):
        found["prepend_sys_path"] = _split(config, folders, ("path_separator",), r", *|(?: +)|\:")
    return found


def _split(config: Config, text: str, names: Sequence[str], otherwise: str) -> list[str]:
    chosen = next(filter(None, map(config.get_main_option, names)), None)
    pattern = re.escape(_SEPARATORS[chosen]) if chosen in _SEPARATORS else otherwise
    return [part.strip() for part in re.split(pattern, text) if part.strip()]


def _pyproject(folder: Path) -> dict[str, Any]:
    """Return `[tool.alembic]` of the pyproject.toml in *folder*; empty without one."""
    file = folder / PYPROJECT
    if not file.is_file():
        return {}
    section = _table(_table(_toml(file), "tool"), "alembic")
    return dict(_expanded(section, folder))


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(shown(file), f"cannot be read: {error}") from error
    except OSError as error:
        raise _wrong(shown(file), f"cannot be read: {error.strerror}") from error


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the table *name* of *tables*; empty when there is none."""
    found = tables.get(name, {})
    return found if isinstance(found, Mapping) else {}


def _expanded(value: object, folder: Path) -> Any:  # noqa: ANN401 - whatever TOML holds
    if isinstance(value, Mapping):
        return {name: _expanded(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_expanded(each, folder) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return re.sub(r"%\(here\)s|%%", lambda m: "%" if m[0] == "%%" else str(folder), str(value))


def _from_values(folder: Path, values: Mapping[str, Any]) -> Location:
    special = {*_PATHS, HOOKS_SECTION}
    return Location(
        script_location=absolute(folder, values["script_location"]),
        version_locations=_absolute_all(folder, values.get("version_locations", ())),
        sys_path=_absolute_all(folder, values.get("prepend_sys_path", ())),
        options=tuple((name, text) for name, text in values.items() if name not in special),
        hooks=tuple(_hook_options(values.get(HOOKS_SECTION, ()))),
    )


def _absolute_all(folder: Path, locations: str | Iterable[str]) -> tuple[str, ...]:
    listed = [locations] if isinstance(locations, str) else locations
    return tuple(absolute(folder, location) for location in listed)


def _hook_options(hooks: Sequence[Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    """Yield a pyproject's array of hooks the way an ini spells them, which every version reads."""
    if hooks:
        yield "hooks", ", ".join(hook["name"] for hook in hooks)
    for hook in hooks:
        yield from ((f"{hook['name']}.{key}", text) for key, text in hook.items() if key != "name")


def _checked(location: Location) -> Location:
    try:
        folder = Path(coerce_resource_to_filename(location.script_location))
    except ModuleNotFoundError as error:
        raise _missing(location, f"the package {error.name} cannot be imported") from error
    if not folder.is_dir():
        raise _missing(location, f"the folder {shown(folder)} does not exist")
    if not (folder / "env.py").is_file():
        raise _missing(location, f"{shown(folder)} holds no env.py")
    return location


def _missing(location: Location, what: str) -> ConfigError:
    hint = "point it at the folder that `alembic init` made"
    if location.ini is None:
        return _wrong("migrate.script_location", what, hint=hint)
    source = f"{shown(location.ini)} [{location.section}]"
    return _wrong(
        "migrate.alembic_config", what, source=source, hint="correct script_location there"
    )


def _no_section(ini: Path, section: str, known: Sequence[str]) -> ConfigError:
    near = difflib.get_close_matches(section, known, 1) or list(known)
    hint = f"it has {', '.join(f'[{name}]' for name in near)}" if near else ""
    return _wrong("migrate.alembic_section", f"{shown(ini)} has no section [{section}]", hint=hint)


def _wrong(subject: str, what: str, *, source: str = "", hint: str = "") -> ConfigError:
    return ConfigError([Problem(subject, what, source=source, hint=hint)])
