"""All targets, from every place that lists some."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sst.db.url import DatabaseUrl
from sst.errors import RUN_AGAIN, ConfigError, Problem
from sst.targets.entries import Given, TargetError, read_entry, target_of
from sst.targets.files import entries_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sst.config.declared.schema import TargetEntry
    from sst.config.sources.target import Target
    from sst.runtime import Runtime


def read_targets(runtime: Runtime) -> tuple[Target, ...]:
    """Return the targets of the project of *runtime*, sorted by name.

    Raises `ConfigError` with what is wrong with them: the first fault of each place, names that
    are given twice, two targets that are one database or one schema of it;
    `DatabaseUnreachableError` for a catalogue that does not answer.
    """
    found: list[Target] = []
    problems: list[Problem] = []
    for listed in (_listed(runtime), _of_plugins(runtime)):
        try:
            found.extend(listed)
        except TargetError as error:
            problems.append(error.problem)
    problems += _twice(found)
    if problems:
        raise ConfigError(problems, RUN_AGAIN)
    return tuple(sorted(found, key=lambda target: target.name))


def _listed(runtime: Runtime) -> Iterator[Target]:
    given = _given(runtime)
    for entry, source in _entries(runtime):
        yield target_of(entry, source, given)


def _given(runtime: Runtime) -> Given:
    settings = runtime.settings.migrate.targets.settings
    return Given(runtime.project_root, runtime.variables, settings, lambda: runtime.migration_url)


def _entries(runtime: Runtime) -> Iterator[tuple[TargetEntry, str]]:
    settings = runtime.settings.migrate.targets
    timeout = runtime.settings.db_connect_timeout
    for number, entry in enumerate(settings.list):
        yield entry, f"migrate.targets.list[{number}]"
    if settings.file:
        yield from entries_in(runtime.project_root / settings.file, settings.file)
    yield from _known_to_databases(runtime, timeout)


def _known_to_databases(runtime: Runtime, timeout: int) -> Iterator[tuple[TargetEntry, str]]:
    settings = runtime.settings.migrate.targets
    if settings.query or settings.databases or settings.schemas:
        from sst.targets.catalog import entries_by_query, entries_in_database, entries_on_server

        if settings.query:
            yield from entries_by_query(_catalog(runtime), settings.query, timeout)
        if settings.databases:
            yield from entries_on_server(runtime.migration_url, settings.databases, timeout)
        if settings.schemas:
            yield from entries_in_database(runtime.migration_url, settings.schemas, timeout)


def _catalog(runtime: Runtime) -> DatabaseUrl:
    given = runtime.settings.migrate.targets.catalog_url
    if given is None:
        return runtime.migration_url
    return DatabaseUrl(given.get_secret_value(), setting="MIGRATE__TARGETS__CATALOG_URL")


def _of_plugins(runtime: Runtime) -> Iterator[Target]:
    given = _given(runtime)
    asked = {"environment": runtime.environment, "project_root": runtime.project_root}
    for each in runtime.plugins.collect("list_targets", **asked):
        target: Target = each.value
        place = f"plugin {each.plugin}"
        words: dict[str, Any] = {
            "name": target.name,
            "url": target.url,
            "labels": dict(target.labels),
        }
        words |= {"settings": dict(target.settings), "schema": target.schema or None}
        entry = read_entry(words, place)
        yield target_of(entry, place, given)


def _twice(targets: Sequence[Target]) -> Iterator[Problem]:
    names: dict[str, list[Target]] = defaultdict(list)
    places: dict[tuple[str, ...], list[Target]] = defaultdict(list)
    for target in targets:
        names[target.name].append(target)
        place = DatabaseUrl(target.url, setting=f"url of {target.name}").place()
        places[(*place, target.schema)].append(target)
    for name, same in names.items():
        if len(same) > 1:
            yield Problem(name, "is listed twice", _sources(same), "leave one of them out")
    for same in places.values():
        called = sorted({target.name for target in same})
        if len(called) > 1:
            whole = "schema of one database" if same[0].schema else "database"
            what = f"{' and '.join(called)} are one {whole}"
            yield Problem("targets", what, _sources(same), "leave one of them out")


def _sources(targets: Iterable[Target]) -> str:
    return ", ".join(dict.fromkeys(target.source for target in targets))
