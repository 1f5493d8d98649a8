"""Source values from variables: environment, `.env`, `NAME_FILE`, `--set`, plugins' values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sst.config.declared.names import (
    APP_SETTINGS,
    ENABLED,
    SEPARATOR,
    folded_parts,
    name_of,
    path_of,
)
from sst.config.declared.plugin_policy import is_policy
from sst.config.habits.names import first_key, hint_for_variable, named_in
from sst.config.habits.near_names import near, not_read
from sst.config.sources.secret_files import read_secret_file
from sst.config.sources.source_values import Layer, SourceValue
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sst.config.declared.catalog import Catalog
    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import PluginValue

_FILE = "_FILE"


@dataclass(frozen=True, slots=True)
class SourceValues:
    """The values of a source, and its problems."""

    source_values: tuple[SourceValue, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Iterable[SourceValue | Problem | str | None]) -> SourceValues:
        """Return *found* as words, problems and, the texts, warnings."""
        every = [one for one in found if one is not None]
        return cls(
            tuple(one for one in every if isinstance(one, SourceValue)),
            tuple(one for one in every if isinstance(one, Problem)),
            tuple(one for one in every if isinstance(one, str)),
        )

    def __add__(self, other: SourceValues) -> SourceValues:
        """Return both, this one's first."""
        return SourceValues(
            self.source_values + other.source_values,
            self.problems + other.problems,
            self.warnings + other.warnings,
        )


def read_environment(
    variables: Mapping[str, str], catalog: Catalog, root: Path, *, dotenv: bool = False
) -> SourceValues:
    """Return what *variables* say, empty ones left out; names of other programs are ignored.

    *root* is where a relative `NAME_FILE` starts; *dotenv* says that this is the file `.env`.
    """
    source = ".env" if dotenv else "environment"
    layer = Layer.DOTENV if dotenv else Layer.ENVIRONMENT
    given = {name: value for name, value in variables.items() if value}
    variables_of = _VariableSource(source, layer, root)
    found = {
        name: list(_read_variable(name, given, catalog, variables_of)) for name in sorted(given)
    }
    silent = [name for name, found in found.items() if not found]
    # A name that is spelled right in the same environment is never said to be meant.
    return SourceValues.of(
        [
            *chain.from_iterable(found.values()),
            *(
                _not_read(f"{source} {name}", meant)
                for name, meant in not_read(silent, catalog.names)
                if meant not in given
            ),
        ]
    )


def _not_read(place: str, meant: str) -> str:
    if meant:
        return f"{place} is not read; did you mean {meant}?"
    return f"{place} is not read: names have no prefix here, and this one is near to no setting"


def _unknown(path: Sequence[str], name: str, place: str, value: str, catalog: Catalog) -> Problem:
    """Return what is wrong with *name*, and what to write, as far as the *value* shows it."""
    problem = catalog.unknown(path, name, place)
    if hint := hint_for_variable(path, catalog):
        return replace(problem, hint=hint)
    if (named := named_in(path, value, catalog)) and named != name:
        return replace(problem, hint=f"set one of its keys, such as {named}")
    meant = near(name, catalog.names) if path[0].upper() not in catalog.tables else None
    return replace(problem, hint=f"did you mean {meant!r}?") if meant else problem


def _is_declared(name: str, catalog: Catalog) -> bool:
    setting = catalog.names.get(name)
    return setting is not None and setting.is_declared


def _declared(setting: Setting, place: str) -> Problem:
    return Problem(
        setting.name,
        "is declared in settings.toml, in the section of an environment, and nowhere else",
        place,
        "take it away here",
    )


def read_overrides(overrides: Sequence[str], catalog: Catalog) -> SourceValues:
    """Return what `--set NAME=VALUE` says; the last of two wins."""
    return SourceValues.of(_read_override(text, catalog) for text in overrides)


def read_plugin_values(values: Sequence[PluginValue], catalog: Catalog) -> SourceValues:
    """Return what plugins gave; of two plugins the first in the list wins."""
    return SourceValues.of(_read_plugin_value(value, catalog) for value in reversed(values))


@dataclass(frozen=True, slots=True)
class _VariableSource:
    source: str
    layer: Layer
    root: Path


def _read_variable(
    name: str, given: Mapping[str, str], catalog: Catalog, variables_of: _VariableSource
) -> Iterable[SourceValue | Problem | str | None]:
    place = f"{variables_of.source} {name}"
    if _is_declared(name, catalog):
        return [_declared(catalog.names[name], place)]
    if _find(name, catalog):
        return [SourceValue(_split(name), given[name], place, variables_of.layer)]
    plain = name.removesuffix(_FILE)
    if plain != name and _find(plain, catalog) and not _is_declared(plain, catalog):
        return [_read_file(plain, name, given, variables_of)]
    return _read_stranger(name, given[name], catalog, variables_of)


def _read_stranger(
    name: str, value: str, catalog: Catalog, variables_of: _VariableSource
) -> Iterable[Problem | str]:
    """Return what is said of *name*, which is no setting: nothing when it is not below ours."""
    place = f"{variables_of.source} {name}"
    path = _split(name)
    if catalog.is_of_no_application(path) and len(path) > 1:
        return [
            f"{place} is not read: {APP_SETTINGS} names no model of the application's settings"
        ]
    if _is_file_of_table(name, value, catalog, variables_of.root):
        return [catalog.unknown(_split(name.removesuffix(_FILE)), name, place)]
    if not _is_ours(name, value, catalog) or catalog.is_unjudged(path):
        return []
    if sleeper := catalog.asleep(path):
        # One environment file serves several containers.
        return [f"{place} is not read: the plugin {sleeper!r} is not enabled here"]
    return [_unknown(path, name, place, value, catalog)]


def _read_file(
    plain: str, name: str, given: Mapping[str, str], variables_of: _VariableSource
) -> SourceValue | Problem | None:
    """Return what the file holds; the variable itself beats it, faults and all."""
    place = f"{variables_of.source} {name}"
    content = read_secret_file(variables_of.root / given[name])
    if plain in given and (content.fault or variables_of.layer is Layer.DOTENV):
        return None
    if content.fault:
        return Problem(plain, f"the file that {name} names {content.fault}", place)
    layer = Layer.NAME_FILE if variables_of.layer is Layer.ENVIRONMENT else variables_of.layer
    return SourceValue(_split(plain), content.text, place, layer)


def _read_override(text: str, catalog: Catalog) -> SourceValue | Problem | None:
    written, separator, value = text.partition("=")
    path = path_of(written)
    name = name_of(path)
    place = f"--set {name}"
    if not separator or not written.strip():
        # The text may be a value whose name was forgotten: it is not repeated.
        return Problem("--set", "is not NAME=VALUE", "--set", "for example --set DEBUG=true")
    found = catalog.find(path)
    if found is None:
        is_known = not catalog.is_unjudged(path)
        return _unknown(path, name, place, value, catalog) if is_known else None
    if _is_declared(name, catalog):
        return _declared(catalog.names[name], place)
    if not value:
        return Problem(
            name, "is given no value", place, f"leave out --set {name}= to keep what is set"
        )
    meant = _from_here(value) if found[0].is_path else value
    return SourceValue(path, meant, place, Layer.OVERRIDE)


def _from_here(path: str) -> str:
    """Return *path* as the user means it: from the working folder; a `package:folder` is none."""
    is_as_it_is = path.startswith(("/", "~")) or ":" in path
    return path if is_as_it_is else str(Path.cwd() / path)


def _read_plugin_value(value: PluginValue, catalog: Catalog) -> SourceValue | Problem:
    place = f"plugin {value.plugin}"
    path = path_of(value.name)
    if (
        path in (ENABLED, (APP_SETTINGS,))
        or is_policy(path)
        or _is_declared(name_of(path), catalog)
    ):
        return Problem(value.name, "cannot come from a plugin", place)
    if catalog.find(path) is None:
        return _unknown(path, name_of(path), place, str(value.value), catalog)
    if not isinstance(value.value, str):
        return Problem(name_of(path), "is not a text", place, "a plugin gives every value as text")
    return SourceValue(path, value.value, place, Layer.PLUGIN)


def _find(name: str, catalog: Catalog) -> bool:
    """Say whether *name* is a variable's exact spelling: one setting has one variable."""
    if name in catalog.names:
        return True
    found = catalog.find(_split(name))
    return bool(found and found[1] and name.startswith(f"{found[0].name}{SEPARATOR}"))


def _split(name: str) -> tuple[str, ...]:
    """Return the path of a variable; keys inside a plugin's table keep their case."""
    parts = name.split(SEPARATOR)
    count = folded_parts(parts[0])
    return tuple(part.lower() if i < count else part for i, part in enumerate(parts))


def _is_file_of_table(name: str, value: str, catalog: Catalog, root: Path) -> bool:
    """Say whether *name* is the `NAME_FILE` of a table: one below ours, or what the file shows."""
    plain = name.removesuffix(_FILE)
    path = _split(plain)
    if plain == name or not _is_ours(plain, "{", catalog) or not _is_table(path, catalog):
        return False
    if SEPARATOR in plain:
        return True
    content = read_secret_file(root / value).text
    return bool(first_key(content) and named_in(path, content, catalog))


def _is_table(path: Sequence[str], catalog: Catalog) -> bool:
    return any(known[: len(path)] == tuple(path) != known for known in catalog.settings)


def _is_ours(name: str, value: str, catalog: Catalog) -> bool:
    """Say whether *name* is below one of our tables, or *value* a whole one."""
    root, separator, _ = name.partition(SEPARATOR)
    return root in catalog.tables and (bool(separator) or value.lstrip().startswith("{"))
