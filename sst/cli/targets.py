"""`migrate.py targets`: the databases that one call can work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Group
from sst.cli.call.streams import results_only
from sst.cli.fleet.options import pairs
from sst.cli.result.table import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.cli.call.invocation import Invocation
    from sst.config.sources.target import Target
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.group("targets", cls=Group, short_help="The databases of a call that works on many.")
def command() -> None:
    """Show the databases that `--target` can name: those of `migrate.targets` and of plugins."""


def list_text(report: Report, _runtime: Runtime) -> list[str]:
    """Return a line for each target."""
    rows = [
        (
            each["name"],
            each["database"],
            each["schema"] or "",
            _spelled(each["labels"]),
            each["source"],
        )
        for each in report.extras["targets"]
    ]
    return records(rows)


def list_keys(report: Report) -> Mapping[str, Any]:
    """Return the targets; null where they could not be read."""
    return {"targets": report.extras.get("targets")}


@command.command("list", text=list_text, keys=list_keys)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    callback=pairs,
    help="Those with this label; may be repeated, then all must fit.",
)
@click.pass_obj
def list_targets(
    invocation: Invocation, patterns: tuple[str, ...], labels: tuple[tuple[str, str], ...]
) -> Report:
    """List the targets, or those whose names fit a PATTERN such as `eu-*`.

    None of them is connected to; a catalogue and a server are, where they list some.
    """
    from sst.migrator.values.report import Report
    from sst.targets.choose import Choice, choose, none_listed
    from sst.targets.read import read_targets

    wanted = Choice(patterns, dict(labels))
    with results_only():
        found = read_targets(invocation.runtime)
    chosen = choose(found, wanted) if patterns or labels else found
    notes = () if found else tuple(str(none_listed()).splitlines())
    return Report(extras={"targets": [_shown(target) for target in chosen]}, notes=notes)


def _shown(target: Target) -> dict[str, Any]:
    from sst.db.url import DatabaseUrl

    return {
        "name": target.name,
        "database": DatabaseUrl(target.url).safe,
        "schema": target.schema or None,
        "labels": dict(target.labels),
        "settings": sorted(target.settings),
        "source": target.source,
    }


def _spelled(labels: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted(labels.items()))
