"""`migrate.py plugins doctor`: what is wrong with the plugins, or could surprise."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from app.cli.command import Command
from app.cli.invocation import results_only
from app.cli.text import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.cli.invocation import Invocation
    from app.config import Sources
    from app.errors import AppError
    from app.hooks.doctor import Finding
    from app.migrator.report import Report


@click.command("doctor", cls=Command)
@click.pass_obj
def command(invocation: Invocation) -> Report | int:
    """Examine the plugins: exit 2 when one of them would stop a run.

    Nothing is imported that is not enabled, and no database is touched.
    """
    from app.config import open_sources

    sources = open_sources(invocation.root, overrides=invocation.overrides)
    with results_only():
        findings = tuple(dict.fromkeys(examine(invocation, sources)))
    error = _error(findings)
    if invocation.as_json:
        return _report(findings, sources.environment, error)
    for line in records([_cells(finding) for finding in findings]) if findings else ():
        click.echo(line)
    click.echo(_summary(findings, len(sources.enabled_plugins())), err=True)
    return error.exit_code if error else 0


def examine(invocation: Invocation, sources: Sources) -> Iterator[Finding]:
    """Yield every finding, the errors of settings and plugins first."""
    from app.hooks import doctor
    from app.hooks.manager import discover
    from app.hooks.specs import MODES

    enabled = sources.enabled_plugins()
    yield from _errors(invocation, sources)
    found = discover(sources.root, enabled).found
    yield from doctor.collisions(sources.root, enabled)
    yield from doctor.optional_hooks(found, MODES)
    yield from doctor.slow_imports(found)
    yield from doctor.writable_by_others(sources.root, enabled)
    yield from doctor.foreign_alembic_plugins()
    yield from _unread(sources)


def _errors(invocation: Invocation, sources: Sources) -> Iterator[Finding]:
    """Yield what would stop a run; where nothing would, clashes of what the plugins bring."""
    from app.errors import ConfigError
    from app.hooks.doctor import Finding
    from app.hooks.lockfile import lock_problems
    from app.runtime import load_configuration

    yield from map(Finding.of, lock_problems(sources.root, sources.enabled_plugins()))
    try:
        load_configuration(sources, ask_stores=False)
    except ConfigError as error:
        yield from map(Finding.of, error.problems)
    else:
        yield from _clashes(invocation)


def _clashes(invocation: Invocation) -> Iterator[Finding]:
    from app.cli.main import COMMANDS
    from app.errors import ConfigError
    from app.hooks.doctor import Finding
    from app.hooks.routes import route_clashes

    try:
        plugins = invocation.runtime.plugins
    except ConfigError as error:
        yield from map(Finding.of, error.problems)
        return
    yield from map(Finding.of, route_clashes(plugins.collect("register_routers")))
    commands = [(item.plugin, item.value.name) for item in plugins.collect("register_commands")]
    counts = Counter(name for _, name in commands)
    for plugin, name in commands:
        if name in COMMANDS or counts[name] > 1:
            owner = "the core" if name in COMMANDS else "another plugin"
            what = f"its command {name} is one of {owner} too"
            yield Finding("clashing_command", "error", f"plugin {plugin}", what, "rename it")


def _unread(sources: Sources) -> Iterator[Finding]:
    from app.config.names import key_of
    from app.hooks.doctor import warning

    for word in sources.unread():
        what = f"is read by nobody: {word.path[1]} is enabled in no environment [{word.source}]"
        hint = f"add {word.path[1]} to plugins.enabled, or remove the setting"
        yield warning("unread_setting", key_of(word.path), what, hint)


def _error(findings: Sequence[Finding]) -> AppError | None:
    from app.errors import ConfigError, Problem

    errors = [each for each in findings if each.level == "error"]
    if not errors:
        return None
    return ConfigError([Problem(each.subject, each.what, hint=each.hint) for each in errors])


def _cells(finding: Finding) -> tuple[str, ...]:
    told = f"{finding.what} -> {finding.hint}" if finding.hint else finding.what
    return finding.level, finding.code, finding.subject, told


def _summary(findings: Sequence[Finding], plugins: int) -> str:
    levels = Counter(finding.level for finding in findings)
    return f"{plugins} plugins enabled: {levels['error']} errors, {levels['warning']} warnings"


def _report(findings: Sequence[Finding], environment: str, error: AppError | None) -> Report:
    from app.migrator.report import Report

    extras = {"environment": environment, "findings": [asdict(each) for each in findings]}
    return Report(command="plugins doctor", extras=extras, error=error)
