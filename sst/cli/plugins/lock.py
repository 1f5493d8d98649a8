"""`migrate.py plugins lock`: write down which code the enabled plugins are, or check it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.result.table import records
from sst.migrator.values.report import Report
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.cli.call.invocation import Invocation
    from sst.errors import SstError
    from sst.hooks.finding.lockfile import Locked


@click.command("lock", cls=Command)
@click.option(
    "--check", "only_check", is_flag=True, help="Compare with plugins.lock; write nothing."
)
@click.pass_obj
def command(invocation: Invocation, *, only_check: bool) -> Report:
    """Write plugins.lock: distribution, version and hash of every enabled plugin.

    Where protected, a plugin that differs from its entry is refused before it is imported.
    """
    from sst.hooks.finding.lockfile import LOCK_FILE, lock_entries, write_lock

    sources = invocation.sources()
    names = sources.choice.modules()
    entries = lock_entries(invocation.root, names)
    error = _differences(invocation, names) if only_check else None
    if not only_check:
        write_lock(invocation.root, entries)
    done = "as locked" if only_check else f"{LOCK_FILE} is written: commit it"
    return Report(
        lines=None if error else tuple(records([_cells(entry) for entry in entries])),
        notes=() if error else (f"{counted(len(entries), 'plugin')}, {done}",),
        extras={
            "environment": sources.environment,
            "locked": [asdict(entry) for entry in entries],
        },
        error=error,
    )


def _differences(invocation: Invocation, names: Sequence[str]) -> SstError | None:
    from sst.errors import ConfigError, Problem
    from sst.hooks.finding.lockfile import LOCK_FILE, lock_problems, read_lock

    if read_lock(invocation.root) is None:
        hint = "run `python migrate.py plugins lock` and commit it"
        return ConfigError([Problem(LOCK_FILE, "does not exist", hint=hint)])
    problems = tuple(lock_problems(invocation.root, names))
    return ConfigError(problems) if problems else None


def _cells(entry: Locked) -> tuple[str, ...]:
    source = f"{entry.distribution} {entry.version}".strip() or "-"
    return entry.name, entry.kind, source, entry.sha256[:12]
