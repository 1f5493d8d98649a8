"""`migrate.py config`: what is set, where it comes from, and whether it is right."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Group
from sst.cli.call.streams import results_only
from sst.cli.completing.names import environments, setting_names
from sst.cli.result.table import records, sentences
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.config import Configuration, Sources
    from sst.config.show.checking import Checked, Project
    from sst.config.show.views import Diff, Explained, Shown
    from sst.migrator.values.report import Report

    Load = Callable[..., Configuration]


@click.group("config", cls=Group)
def command() -> None:
    """Show, check and compare the settings; no database is touched."""


def no_config(_report: Report) -> dict[str, None]:
    """Return the key of these commands, which is null when they fail."""
    return {"config": None}


@command.command("show", keys=no_config)
@click.option("--sources", "with_sources", is_flag=True, help="Say where each value comes from.")
@click.pass_obj
def show(invocation: Invocation, with_sources: bool) -> Report:  # noqa: FBT001 - click's way
    """Print every setting of this environment; secrets are masked."""
    from sst.config.show import views

    result = views.show(project_of(invocation).load())
    text = render_show(result, with_sources=with_sources)
    return _report(text, result.environment, to_json(result), result.warnings)


@command.command("check", keys=no_config)
@click.option("--all", "every", is_flag=True, help="Check every environment of settings.toml.")
@click.option(
    "--env",
    "names",
    multiple=True,
    metavar="NAME",
    help="Check this environment.",
    shell_complete=environments,
)
@click.option("--assume-secrets", is_flag=True, help="Missing secrets are no problem: for CI.")
@click.pass_obj
def check(
    invocation: Invocation,
    every: bool,  # noqa: FBT001 - click's way
    names: tuple[str, ...],
    assume_secrets: bool,  # noqa: FBT001
) -> Report:
    """Check the settings of this environment, or of others as the files have them.

    The plugins are created as for a run and the URLs are read; nothing connects.
    """
    from sst.config.show import checking

    asked = checking.every_environment(invocation.root) if every else names
    project = project_of(invocation, _checked)
    result = checking.check(project, names=asked, assume_secrets=assume_secrets)
    return _check_report(result.cleaned(invocation.clean))


@command.command("explain", keys=no_config)
@click.argument("name", shell_complete=setting_names)
@click.pass_obj
def explain(invocation: Invocation, name: str) -> Report:
    """Print everything about the setting NAME: type, default, and every source that speaks."""
    from sst.config.show import views

    configuration = project_of(invocation).load()
    result = views.explain(configuration, name)
    text = render_explain(result)
    return _report(text, configuration.environment, to_json(result))


@command.command("diff", keys=no_config)
@click.argument("left", shell_complete=environments)
@click.argument("right", shell_complete=environments)
@click.pass_obj
def diff(invocation: Invocation, left: str, right: str) -> Report:
    """Compare what the files say for two environments; secrets are masked."""
    from sst.config.show import views

    result = views.diff(project_of(invocation), left, right)
    return _report(render_diff(result), None, to_json(result))


@command.command("schema", keys=no_config)
@click.pass_obj
def schema(invocation: Invocation) -> Report:
    """Print the JSON Schema of settings.toml, for editors."""
    from sst.config.show import checking
    from sst.config.show.generate import json_schema
    from sst.settings.application_model import application_model

    sources = invocation.sources()
    result = json_schema(
        _sections(sources),
        checking.every_environment(invocation.root),
        application_model(sources).model,
    )
    text = json.dumps(result, indent=2, ensure_ascii=False)
    return _report(text, sources.environment, result)


def project_of(invocation: Invocation, load: Load | None = None) -> Project:
    """Return the project whose settings are asked for, with its plugins' sections.

    *load* makes a configuration of sources; by default no plugin is created.
    """
    from sst.config.show.checking import Project

    load = load or _load

    return Project(
        root=invocation.root,
        connect=partial(load, ask_stores=True),
        connect_files=partial(load, ask_stores=False),
        overrides=invocation.overrides,
        left_out=invocation.left_out,
    )


def _load(sources: Sources, *, ask_stores: bool) -> Configuration:
    from sst.settings.loading import load_configuration

    with results_only():
        return load_configuration(sources, ask_stores=ask_stores).configuration


def _checked(sources: Sources, *, ask_stores: bool) -> Configuration:
    from sst.settings.checking import check_configuration

    with results_only():
        return check_configuration(sources, ask_stores=ask_stores)


def render_show(result: Shown, *, with_sources: bool = False) -> str:
    """Return one line per setting: name, value and, *with_sources*, where it comes from."""
    rows = [
        (one.name, _text(one.value), one.source if with_sources else "") for one in result.settings
    ]
    return _table([("ENVIRONMENT", result.environment, ""), *rows])


def render_check(result: Checked) -> str:
    """Return one line per environment, its problems indented below it."""
    lines: list[str] = []
    for one in result.environments:
        verdict = counted(len(one.problems), "problem") if one.problems else "ok"
        lines += [f"{one.environment}: {verdict}", *(f"  {problem}" for problem in one.problems)]
    return "\n".join(sentences(lines))


def render_explain(result: Explained) -> str:
    """Return the setting, and the sources that speak of it, the winner first."""
    head = [
        (result.name, _text(result.value), ""),
        ("  in a file", result.key, ""),
        ("  type", result.type, ""),
        ("  default", _text(result.default), ""),
        ("  plugin" if result.plugin else "  of", result.plugin or result.owner, ""),
    ]
    voices = [
        ("  in force" if voice.is_in_force else "  overruled", _text(voice.value), voice.source)
        for voice in result.voices
    ]
    return "\n".join([*sentences([result.description]), _table([*head, *(voices or [_NO_VOICE])])])


def render_diff(result: Diff) -> str:
    """Return one line per setting that differs, a secret as masks."""
    if not result.differences:
        return f"{result.left} and {result.right} have the same settings"
    rows = [
        (one.name, _text(one.left), _text(one.right), "differs" if one.is_secret else "")
        for one in result.differences
    ]
    return _table([("SETTING", result.left, result.right, ""), *rows])


def to_json(result: Shown | Explained | Diff | Checked) -> dict[str, Any]:
    """Return the object that `--json` prints under `config`."""
    return asdict(result)


_NO_VOICE = ("  in force", "the default", "no source speaks of it")


def _sections(sources: Sources) -> dict[str, Any]:
    from sst.hooks.manager import discover_enabled

    found = discover_enabled(sources).found
    return {one.name: one.config_model for one in found if one.config_model}


def _check_report(result: Checked) -> Report:
    from sst.errors import ConfigError

    text = render_check(result)
    error = ConfigError(result.problems) if result.problems else None
    names = {one.environment for one in result.environments}
    environment = names.pop() if len(names) == 1 else None
    warnings = [warning for one in result.environments for warning in one.warnings]
    report = _report(text, environment, to_json(result), warnings)
    return replace(report, error=error)


def _report(
    text: str,
    environment: str | None,
    config: dict[str, Any],
    warnings: Sequence[str] = (),
) -> Report:
    from sst.migrator.values.report import Report

    return Report(
        lines=(text,),
        notes=tuple(f"warning: {warning}" for warning in warnings),
        warnings=tuple(warnings),
        extras={"environment": environment, "config": config},
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(records(rows))


def _text(value: object) -> str:
    """Return a JSON-ready *value* as a person reads it."""
    if value is None:
        return "unset"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
