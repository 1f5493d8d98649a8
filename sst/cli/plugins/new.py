"""`migrate.py plugins new`: write a plugin that works, with tests that pass, to be edited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.cli.call.invocation import Invocation
    from sst.hooks.tools.scaffold import NewPlugin


@click.command("new", cls=Command)
@click.argument("name")
@click.option("--package", is_flag=True, help="A package of its own, for several projects.")
@click.option(
    "--hooks", metavar="A,B", help="The hooks that it implements (default: pre_migrate,notify)."
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --package: where its folder goes (default: here).",
)
@click.pass_obj
def command(
    invocation: Invocation, name: str, *, package: bool, hooks: str | None, directory: Path | None
) -> Report:
    """Write the plugin NAME: settings, hooks and tests that pass, ready to be edited.

    It is a file of plugins/, with --package a folder with a pyproject.toml.
    No existing file is changed: the line for settings.toml is printed.
    """
    from sst.hooks.tools.scaffold import write_new

    plugin = _planned(invocation, name, _listed(hooks), directory, package=package)
    files = write_new(plugin)
    enabled = _enabled(invocation, plugin)
    return Report(
        lines=tuple(_shown(file) for file in files),
        notes=tuple(_next_steps(plugin, enabled, package=package)),
        extras={"plugin": _json(plugin, files, enabled)},
    )


def _planned(
    invocation: Invocation,
    name: str,
    hooks: Sequence[str] | None,
    directory: Path | None,
    *,
    package: bool,
) -> NewPlugin:
    from sst.built_in import built_in_home
    from sst.cli.main import COMMANDS
    from sst.errors import UsageError
    from sst.hooks.tools.scaffold import (
        DEFAULT_HOOKS,
        check_hooks,
        check_name,
        plan_file,
        plan_package,
    )

    check_name(name, invocation.root, COMMANDS)
    chosen = check_hooks(DEFAULT_HOOKS if hooks is None else hooks)
    if package:
        return plan_package(name, chosen, (directory or Path()).resolve(), built_in_home())
    if directory:
        raise UsageError(
            what="--directory is for a package.",
            why="a file goes to plugins/ of the project",
            next_step="add --package, or leave --directory out",
        )
    return plan_file(name, chosen, invocation.root)


def _listed(hooks: str | None) -> list[str] | None:
    return None if hooks is None else [word.strip() for word in hooks.split(",") if word.strip()]


def _enabled(invocation: Invocation, plugin: NewPlugin) -> tuple[str, ...]:
    """Return the list for settings.toml: what is enabled now, and *plugin* in its place."""
    from sst.config import open_sources
    from sst.errors import ConfigError
    from sst.hooks.finding.plugin_list import enabled_with

    try:
        sources = open_sources(invocation.root, overrides=invocation.overrides)
        names, choice = sources.enabled_plugins(), sources.choice
    except ConfigError:  # settings that cannot be read are not this command's business
        return (plugin.name,)
    return enabled_with(names, plugin.name, plugin.hooks, choice)


def _line(enabled: Sequence[str]) -> str:
    return f"enabled = {json.dumps([*enabled])}"


def _next_steps(plugin: NewPlugin, enabled: Sequence[str], *, package: bool) -> list[str]:
    test = f"test it:    python -m pytest {plugin.test}"
    if package:
        folder = _shown(plugin.root)
        test = f"test it:    in an environment of its own, see {folder}/README.md"
        steps = [test, f"install it: python -m pip install {folder}"]
    else:
        steps = [test]
    steps.append(f"enable it:  {_line(enabled)}   in settings.toml, the list is the order")
    behind = enabled[enabled.index(plugin.name) + 1 :]
    if behind:
        steps.append(f"            before {behind[0]}: a refusal should not cost a dump")
    return steps


def _shown(path: Path) -> str:
    """Return *path* as a person would write it from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _json(plugin: NewPlugin, files: Sequence[Path], enabled: Sequence[str]) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "hooks": list(plugin.hooks),
        "files": [str(file) for file in files],
        "settings_line": _line(enabled),
    }
