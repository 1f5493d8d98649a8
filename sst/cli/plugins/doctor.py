"""`migrate.py plugins doctor`: what is wrong with the plugins, or could surprise."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.streams import results_only
from sst.cli.result.table import records
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.config import Sources
    from sst.errors import SstError
    from sst.hooks.tools.doctor import Finding
    from sst.runtime import Runtime


@click.command("doctor", cls=Command)
@click.pass_obj
def command(invocation: Invocation) -> Report:
    """Examine the plugins: exit 2 when one of them would stop a run.

    Nothing is imported that is not enabled, and no database is touched.
    """
    sources = invocation.sources()
    with results_only():
        findings = tuple(dict.fromkeys(examine(invocation, sources)))
    return Report(
        lines=tuple(records([_cells(finding) for finding in findings])),
        notes=(_summary(findings, len(sources.enabled_plugins())),),
        extras={
            "environment": sources.environment,
            "findings": [asdict(each) for each in findings],
        },
        error=_error(findings),
    )


def examine(invocation: Invocation, sources: Sources) -> Iterator[Finding]:
    """Yield every finding, the errors of settings and plugins first."""
    from sst.hooks.contract.specs import MODES
    from sst.hooks.manager import discover_enabled
    from sst.hooks.tools import doctor

    enabled = sources.choice.modules()
    errors = [*_lock(sources), *_errors(invocation, sources)]
    yield from errors
    found = discover_enabled(sources).found
    yield from doctor.collisions(sources.root, enabled)
    yield from doctor.optional_hooks(found, MODES)
    yield from doctor.slow_imports(found)
    yield from doctor.writable_by_others(sources.root, enabled)
    yield from doctor.foreign_alembic_plugins()
    told = {each.subject for each in errors}
    yield from (each for each in _unread(sources) if each.subject not in told)


def _lock(sources: Sources) -> Iterator[Finding]:
    """Yield how the code differs from the lock file, which a protected environment refuses."""
    from sst.hooks.finding.lockfile import lock_problems
    from sst.hooks.tools.doctor import Finding, warning

    for problem in lock_problems(sources.root, sources.choice.modules(sources.choice.active)):
        found = Finding.of(problem)
        is_error = sources.is_protected
        yield found if is_error else warning("lock", found.subject, found.what, found.hint)


def _errors(invocation: Invocation, sources: Sources) -> Iterator[Finding]:
    """Yield what would stop a run; where nothing would, what the plugins bring and may not."""
    from sst.errors import ConfigError
    from sst.hooks.tools.doctor import Finding
    from sst.settings.loading import load_configuration

    try:
        load_configuration(sources, ask_stores=False)
        runtime = invocation.runtime
    except ConfigError as error:
        yield from map(Finding.of, error.problems)
        return
    yield from _brought(runtime)


def _brought(runtime: Runtime) -> Iterator[Finding]:
    """Yield what would stop a plugin's command, the application, or whoever reads revisions."""
    from sst.application_context import application_context
    from sst.cli.main import COMMANDS
    from sst.cli.plugin_commands.commands import examined
    from sst.hooks.tools.doctor import Finding
    from sst.hooks.tools.route_clashes import no_routers, route_clashes

    for problem in examined(runtime, COMMANDS)[1]:
        yield replace(Finding.of(problem), code="clashing_command")
    application = application_context(runtime)
    routers = runtime.plugins.collect("register_routers", application=application)
    yield from map(Finding.of, no_routers(routers))
    yield from map(Finding.of, route_clashes(routers))
    yield from _raised(
        lambda: runtime.plugins.collect("register_middleware", application=application)
    )
    yield from _raised(lambda: runtime.project)


def _raised(ask: Callable[[], object]) -> Iterator[Finding]:
    """Yield the problems that *ask* raises."""
    from sst.errors import ConfigError, SstError
    from sst.hooks.tools.doctor import Finding

    try:
        ask()
    except ConfigError as error:
        yield from map(Finding.of, error.problems)
    except SstError as error:
        what = " ".join(filter(None, (error.what, error.why)))
        yield Finding("configuration", "error", "revisions", what, error.next_step)


def _unread(sources: Sources) -> Iterator[Finding]:
    from sst.config.declared.names import key_of
    from sst.hooks.tools.doctor import warning

    for word in sources.unread():
        what = f"is not read: {word.path[1]} is enabled in no environment [{word.source}]"
        hint = f"add {word.path[1]} to plugins.enabled, or remove the setting"
        yield warning("unread_setting", key_of(word.path), what, hint)


def _error(findings: Sequence[Finding]) -> SstError | None:
    from sst.errors import ConfigError, Problem

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
