"""`migrate.py plugins hooks`: every hook, its mode, and who is called in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.streams import results_only
from sst.cli.result.table import records
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from sst.cli.call.invocation import Invocation
    from sst.hooks.manager import FoundPlugin


@click.command("hooks", cls=Command)
@click.argument("name", required=False)
@click.pass_obj
def command(invocation: Invocation, name: str | None) -> Report:
    """List the hooks, or the hook NAME, with the enabled plugins in the order of their calls."""
    from sst.hooks.manager import discover_enabled

    _refuse_unknown(name)
    sources = invocation.sources()
    with results_only():
        discovery = discover_enabled(sources)
    rows = [row for row in hook_rows(discovery.found) if name in (None, row["hook"])]
    broken = tuple(str(problem) for problem in discovery.problems)
    return Report(
        lines=tuple(records([_cells(row) for row in rows])),
        notes=tuple(f"warning: {line}" for line in broken),
        warnings=broken,
        extras={"environment": sources.environment, "hooks": rows},
    )


def hook_rows(found: tuple[FoundPlugin, ...]) -> list[dict[str, Any]]:
    """Return one JSON-ready row for each hook, its plugins in the order of their calls."""
    from sst.hooks.contract.specs import MODES, REVERSED
    from sst.hooks.finding.hook_functions import hook_arguments
    from sst.hooks.manager import call_order

    return [
        {
            "hook": hook,
            "mode": mode.value,
            "order": "reverse" if hook in REVERSED else "list",
            "arguments": list(hook_arguments(hook)),
            "plugins": list(call_order(hook, [p.name for p in found if p.implements(hook)])),
        }
        for hook, mode in MODES.items()
    ]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    arguments = ", ".join(row["arguments"])
    return (f"{row['hook']}({arguments})", row["mode"], ", ".join(row["plugins"]) or "-")


def _refuse_unknown(name: str | None) -> None:
    from sst.errors import UsageError
    from sst.hooks.contract.specs import MODES
    from sst.hooks.finding.hook_functions import nearest

    if name is None or name in MODES:
        return
    meant = nearest(name, MODES)
    raise UsageError(
        what=f"There is no hook {name!r}.",
        why=f"the hooks are {', '.join(MODES)}",
        next_step=f"did you mean {meant}?" if meant else "python migrate.py plugins hooks",
    )
