"""`migrate.py plugins show`: everything about one plugin."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.streams import results_only
from sst.cli.completing.names import plugins
from sst.cli.plugins.list import commands_by_plugin
from sst.cli.result.table import records
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.cli.call.invocation import Invocation
    from sst.config import Sources
    from sst.hooks.finding.hook_functions import HookLocation
    from sst.hooks.manager import PluginEntry


@dataclass(frozen=True, slots=True)
class PluginDetails:
    """The known facts about a plugin; of one that is not enabled, those that need no import."""

    entry: PluginEntry
    commands: tuple[str, ...] = ()
    file: str = ""
    hooks: tuple[HookLocation, ...] = ()
    settings: tuple[dict[str, Any], ...] = ()
    timings: tuple[dict[str, Any], ...] = ()
    timed_in: str | None = None
    """The run that the timings are from."""
    problems: tuple[str, ...] = ()


@click.command("show", cls=Command)
@click.argument("name", shell_complete=plugins)
@click.pass_obj
def command(invocation: Invocation, name: str) -> Report:
    """Show the plugin NAME: where it is, its settings, its hooks, and what they took last."""
    sources = invocation.sources()
    with results_only():
        details = describe(invocation, sources, name)
    return Report(
        lines=tuple(records(_rows(details))),
        notes=tuple(f"warning: {problem}" for problem in details.problems),
        warnings=details.problems,
        extras={"environment": sources.environment, "plugin": _json(details)},
    )


def describe(invocation: Invocation, sources: Sources, name: str) -> PluginDetails:
    """Return what is known about the plugin *name*; raises `UsageError` when there is none."""
    entry = _entry(sources, name)
    details = PluginDetails(entry, commands_by_plugin(sources.root, [entry]).get(name, ()))
    if name not in sources.choice.active:
        state = entry.state.replace("_", " ")
        return replace(details, problems=(f"not imported: it is {state}",))
    details = _with_code(details, sources)
    if details.problems:
        return details
    return _with_timings(_with_settings(details, invocation), invocation)


def _entry(sources: Sources, name: str) -> PluginEntry:
    from sst.errors import UsageError
    from sst.hooks.finding.hook_functions import nearest
    from sst.hooks.manager import list_all

    listed = list_all(sources.root, sources.enabled_plugins(), sources.choice)
    entries = {each.name: each for each in listed}
    if name in entries:
        return entries[name]
    meant = nearest(name, entries)
    raise UsageError(
        what=f"There is no plugin {name!r}.",
        why=f"known are {', '.join(entries)}",
        next_step=f"did you mean {meant}?" if meant else "python migrate.py plugins list",
    )


def _with_code(details: PluginDetails, sources: Sources) -> PluginDetails:
    from sst.hooks.contract.error_location import shown
    from sst.hooks.finding.hook_functions import hook_locations
    from sst.hooks.finding.validation import holder_of
    from sst.hooks.manager import discover_enabled

    discovery = discover_enabled(sources)
    mine = next((each for each in discovery.found if each.name == details.entry.name), None)
    if mine is None:
        subject = f"plugin {details.entry.name}"
        problems = (str(each) for each in discovery.problems if each.subject == subject)
        return replace(details, problems=tuple(problems))
    places = hook_locations(holder_of(mine.module), sources.root)
    return replace(details, file=shown(mine.module.__file__ or "", sources.root), hooks=places)


def _with_settings(details: PluginDetails, invocation: Invocation) -> PluginDetails:
    from sst.cli.config import project_of
    from sst.config.show import views
    from sst.errors import ConfigError

    try:
        found = views.show(project_of(invocation).load())
    except ConfigError as error:
        return replace(details, problems=tuple(str(each) for each in error.problems))
    mine = (asdict(each) for each in found.settings if each.plugin == details.entry.name)
    return replace(details, settings=tuple(mine))


def _with_timings(details: PluginDetails, invocation: Invocation) -> PluginDetails:
    """Add what the hooks took; without a database there is still the rest to show."""
    from sst.errors import SstError

    if details.problems:
        return details
    try:
        found = invocation.runtime.migrator.hook_timings(details.entry.name)
    except SstError as error:
        return replace(details, problems=(f"no timings: {error.what}",))
    if found is None:
        return details
    return replace(details, timed_in=found[0], timings=tuple(map(dict, found[1])))


def _rows(details: PluginDetails) -> Iterator[tuple[str, ...]]:
    entry = details.entry
    yield "name", f"{entry.name} ({entry.use})" if entry.use else entry.name, ""
    yield "kind", entry.kind or "-", ""
    yield "version", entry.version or "-", ""
    yield "state", entry.state.replace("_", " "), ""
    yield "source", entry.source or "-", ""
    yield "file", details.file or "-", ""
    if details.commands:
        yield "commands", ", ".join(details.commands), ""
    for place in details.hooks:
        yield f"hook {place.hook}", place.mode, place.place
    for each in details.settings:
        value = "unset" if each["value"] is None else str(each["value"])
        yield f"setting {each['name']}", value, f"{each['source']}; {each['description']}"
    for each in details.timings:
        took = f"{each['duration_ms']:g} ms in {each['calls']} calls, {each['failed']} failed"
        yield f"took {each['hook']}", took, f"run {details.timed_in}"


def _json(details: PluginDetails) -> dict[str, Any]:
    return {
        **details.entry.to_dict(),
        "commands": [*details.commands],
        "file": details.file or None,
        "hook_places": [asdict(place) for place in details.hooks],
        "settings": [*details.settings],
        "timings": [*details.timings],
        "timed_in": details.timed_in,
    }
