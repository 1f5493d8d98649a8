"""Faults of a settings file that Dynaconf would let pass, as problems."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from sst.config.declared.names import (
    PROTECTED,
    SEPARATOR,
    did_you_mean,
    fold_path,
    key_of,
    name_of,
)
from sst.config.declared.schema import DEVELOPMENT, PRODUCTION, Settings
from sst.config.habits.names import hint_for_dunders, hint_for_key
from sst.config.sources.files import DEFAULT_SECTION, LOCAL, SECRETS
from sst.errors import Problem
from sst.project_root import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sst.config.declared.catalog import Catalog
    from sst.config.sources.files import TomlFile
    from sst.config.sources.source_values import SourceValue

# Dynaconf reads both as sections for every environment; here each has one plain home.
_FOREIGN_SECTIONS = {
    "global": "it would overrule every environment; write [default] or the environment's section",
    "dynaconf": "it would be a second [default]; write [default]",
}
_WELL_KNOWN = (DEFAULT_SECTION, DEVELOPMENT, PRODUCTION)
_ALMOST_THE_SAME = 0.9


def environments_of(settings: TomlFile) -> tuple[str, ...]:
    """Return the environments that *settings* has sections for, in the order of the file.

    `development` always exists: it is what runs when nothing is said.
    """
    found = [name for name in settings.sections if section_fault(name) is None]
    return tuple(dict.fromkeys([*(n for n in found if n != DEFAULT_SECTION), DEVELOPMENT]))


def lint(file: TomlFile, environments: Sequence[str], environment: str) -> Iterator[Problem]:
    """Yield the faults of *file* that do not depend on which settings exist."""
    for key, value in file.data.items():
        if not isinstance(value, dict):
            yield Problem(
                key,
                "stands outside a section",
                file.where(key),
                "move it below [default] or an environment's section",
            )
    yield from _section_problems(file, environments)
    for section in (DEFAULT_SECTION, environment):
        yield from _key_problems(file, section)


def _section_problems(file: TomlFile, environments: Sequence[str]) -> Iterator[Problem]:
    titles = [key for key, value in file.data.items() if isinstance(value, dict)]
    known = (DEFAULT_SECTION, *environments)
    for title in titles:
        fault = section_fault(title.lower())
        if file.sections[title.lower()] != title:
            fault = f"is written twice, also as [{file.sections[title.lower()]}]", ""
        elif fault is None and file.name != SETTINGS and title.lower() not in known:
            fault = "names no environment of settings.toml", did_you_mean(title, known)
        if fault:
            yield Problem(f"[{title}]", fault[0], file.where(title), fault[1])


def section_fault(section: str) -> tuple[str, str] | None:
    """Return what is wrong with a section of this name, and what to do; None when nothing is."""
    if section in _FOREIGN_SECTIONS:
        return "is not a section of this project", _FOREIGN_SECTIONS[section]
    if section in Settings.model_fields:
        return "is a table, not an environment", f"write [default.{section}]"
    if section in _WELL_KNOWN:
        return None
    # Any word is a good name, `prod` too; a slip of the finger is none.
    meant = get_close_matches(section, _WELL_KNOWN, n=1, cutoff=_ALMOST_THE_SAME)
    return ("is an unknown section", f"did you mean [{meant[0]}]?") if meant else None


def _key_problems(file: TomlFile, section: str) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], str] = {}
    for path, value, place in file.leaves(section):
        folded = fold_path(path)
        name = ".".join(path)
        if any(SEPARATOR in part or not part.strip() for part in path):
            hint = hint_for_dunders(path[-1]) or "write tables with dots"
            yield Problem(name, "is not a name of a setting", place, hint)
        elif "dynaconf" in name.lower():
            what = "would steer Dynaconf, which this project does not allow"
            yield Problem(name, what, place, hint_for_key(path[-1]))
        elif folded == PROTECTED and (fault := _protection_fault(file, section, value)):
            yield Problem(name, fault[0], place, fault[1])
        elif folded in seen:
            yield Problem(name, f"is written twice, also at {seen[folded]}", place)
        seen[folded] = place


def _protection_fault(file: TomlFile, section: str, value: object) -> tuple[str, str] | None:
    """Return what is wrong with *value* for `protected` here: one place declares it, in words."""
    if file.name != SETTINGS or section == DEFAULT_SECTION:
        home = f"write it below [{DEVELOPMENT}], or the environment that is meant, of {SETTINGS}"
        return "is declared for one environment, in its own section", home
    if not isinstance(value, bool):
        return "should be true or false", ""
    return None


def table_conflicts(paths: dict[tuple[str, ...], str]) -> Iterator[Problem]:
    """Yield the *paths*, with their places, that are a value here and a table there."""
    for path, place in paths.items():
        for length in range(1, len(path)):
            if path[:length] in paths:
                yield Problem(
                    name_of(path[:length]),
                    "is a value here and a table there",
                    f"{paths[path[:length]]} and {place}",
                )


def overruled_by_secrets(files: Sequence[TomlFile], environment: str) -> Iterator[Problem]:
    """Yield keys of `.secrets.toml [default]` that also stand in `settings.toml [environment]`.

    Whether the section or the file wins is a question that people answer both ways
    (Dynaconf issue 1261: a production server that used the developer's database), so it is asked.
    """
    by_name = {file.name: file for file in files}
    settings, secrets = by_name.get(SETTINGS), by_name.get(SECRETS)
    if settings is None or secrets is None:
        return
    specific = {fold_path(path): place for path, _, place in settings.leaves(environment)}
    decided = {fold_path(path) for path, *_ in secrets.leaves(environment)}
    for path, _, place in secrets.leaves(DEFAULT_SECTION):
        folded = fold_path(path)
        if folded in specific and folded not in decided:
            yield Problem(
                name_of(path),
                f"stands for every environment here and for {environment} "
                "there: it is not clear which is meant",
                f"{place} and {specific[folded]}",
                f"move it to [{environment}] of {SECRETS}, or remove one of the two",
            )


def unknown_in_files(values: Iterable[SourceValue], catalog: Catalog) -> Iterator[Problem]:
    """Yield the *values* of files that are no setting of *catalog*."""
    for each in values:
        if catalog.find(each.path) is None and not catalog.tolerates(each.path):
            yield catalog.unknown(each.path, key_of(each.path), each.source)


def warn_readable(file: TomlFile) -> str | None:
    """Return a warning when anyone on the machine can read the secrets in *file*."""
    mode = file.path.stat().st_mode
    if mode & 0o004:
        return f"{file.name} can be read by every user of this machine; run chmod 600 {file.name}"
    return None


def file_names(environment: str) -> tuple[str, ...]:
    """Return the files that *environment* reads, low to high."""
    return (SETTINGS, SECRETS, LOCAL) if environment == DEVELOPMENT else (SETTINGS, SECRETS)
