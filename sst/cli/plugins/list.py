"""`migrate.py plugins list`: what runs around a migration, in which order, and what could."""

from __future__ import annotations

import json
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.result.table import records
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sst.cli.call.invocation import Invocation
    from sst.config.binding.policy import Choice
    from sst.hooks.finding.sources import Candidate
    from sst.hooks.manager import PluginEntry

    Commands = Mapping[str, tuple[str, ...]]

_HEADINGS = ("ORDER", "NAME", "KIND", "VERSION", "STATE", "HOOKS", "SOURCE", "COMMANDS")
_NOT_CALLED = ("not_enabled", "switched_off", "left_out")
_NONE: Commands = MappingProxyType({})
_NOT_LISTED = "not_enabled"


@click.command("list", cls=Command)
@click.pass_obj
def command(invocation: Invocation) -> Report:
    """List the plugins in the order of their calls.

    Those that could be enabled follow.
    Nothing is imported, so this also works when a plugin is broken.
    """
    from sst.hooks.finding.plugin_list import list_all

    sources = invocation.sources()
    entries = list_all(invocation.root, sources.enabled_plugins(), sources.choice)
    commands = commands_by_plugin(invocation.root, entries)
    return Report(
        lines=tuple(render_plugins(entries, commands)),
        notes=tuple(advice(entries, sources.choice)),
        extras={"environment": sources.environment, "plugins": plugins_json(entries, commands)},
    )


def commands_by_plugin(root: Path, entries: Sequence[PluginEntry]) -> Commands:
    """Return the commands that the text of each of *entries* declares."""
    from sst.hooks.manager import find_candidates

    candidates = find_candidates(root)
    return {
        entry.name: _commands_of(candidates[entry.use or entry.name][0])
        for entry in entries
        if (entry.use or entry.name) in candidates
    }


def _commands_of(candidate: Candidate) -> tuple[str, ...]:
    from sst.cli.plugin_commands.declared import declared_commands
    from sst.cli.plugin_commands.known import installed, package_commands
    from sst.hooks.finding.sources import Kind

    entry = installed(candidate.name) if candidate.kind is Kind.PACKAGE else None
    return package_commands(entry) if entry else declared_commands(candidate.path)


def render_plugins(entries: Sequence[PluginEntry], commands: Commands = _NONE) -> list[str]:
    """Return *entries* as lines; a terminal has headings."""
    return records(_rows(entries, commands), headings=_HEADINGS)


def plugins_json(
    entries: Sequence[PluginEntry], commands: Commands = _NONE
) -> list[dict[str, Any]]:
    """Return *entries* as JSON-ready values; `order` is null for a plugin that is not enabled."""
    orders = _orders(entries)
    return [
        {"order": order, **entry.to_dict(), "commands": [*commands.get(entry.name, ())]}
        for order, entry in zip(orders, entries, strict=True)
    ]


def advice(entries: Sequence[PluginEntry], choice: Choice | None = None) -> list[str]:
    """Return what to do about those of *entries* that do not run, a line each."""
    from sst.hooks.finding.plugin_list import enabled_with

    found = [_advice_on(entry) for entry in entries if entry.state in ("missing", "ambiguous")]
    enabled = [entry.name for entry in entries if entry.state != _NOT_LISTED]
    others = {entry.name: entry.hooks for entry in entries if entry.state == _NOT_LISTED}
    lines = {
        name: _line(enabled_with(enabled, name, hooks, choice)) for name, hooks in others.items()
    }
    return [*found, *(f"to enable {name}: {line}" for name, line in lines.items())]


def _line(names: Sequence[str]) -> str:
    """Return the line of settings.toml that enables *names*, in their order."""
    return f"enabled = [{', '.join(json.dumps(name) for name in names)}]"


def _advice_on(entry: PluginEntry) -> str:
    if entry.state == "missing":
        return f"{entry.name} is enabled and not found"
    return f"{entry.name} is found twice: {entry.source}"


def _rows(entries: Sequence[PluginEntry], commands: Commands) -> list[tuple[str, ...]]:
    # A terminal may break a line at a blank only.
    comma = ", " if sys.stdout.isatty() else ","
    return [
        (
            str(order or "-"),
            f"{entry.name} ({entry.use})" if entry.use else entry.name,
            entry.kind or "-",
            entry.version or "-",
            entry.state.replace("_", " "),
            comma.join(entry.hooks) or "-",
            entry.source or "-",
            comma.join(commands.get(entry.name, ())) or "-",
        )
        for order, entry in zip(_orders(entries), entries, strict=True)
    ]


def _orders(entries: Sequence[PluginEntry]) -> list[int | None]:
    """Return each entry's place in the order of the calls."""
    enabled = [entry.name for entry in entries if entry.state not in _NOT_CALLED]
    return [
        None if entry.state in _NOT_CALLED else enabled.index(entry.name) + 1 for entry in entries
    ]
