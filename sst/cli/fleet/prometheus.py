"""Where all databases stand as a file for the textfile collector of Prometheus's node exporter."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sst.fleet.inventory.entry import Entry
from sst.fleet.inventory.inventory import Inventory, inventory_of
from sst.fleet.outcome import State
from sst.hooks.contract.checks import CheckStatus
from sst.metrics.exposition import exposition
from sst.metrics.fleet import fleet_families
from sst.migrator.standing.brief import Brief
from sst.migrator.standing.headline import Headline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report

_NOT_BEGUN = frozenset({State.SKIPPED, State.WAITING})
_UNUSED = Headline(CheckStatus.PASS, "", "")


def prometheus(report: Report, _invocation: Invocation) -> Sequence[str]:
    """Return the metrics of all databases of `status`, those that `/metrics` has of them."""
    results = report.extras.get("targets")
    if results is None:
        return exposition(fleet_families(Inventory(list_error="not read"))).splitlines()
    began_at = datetime.fromisoformat(report.extras["began_at"])
    entries = [_entry(name, result, began_at) for name, result in results.items()]
    heads = next((each["heads"] for each in results.values() if each.get("heads")), ())
    return exposition(fleet_families(inventory_of(entries, heads))).splitlines()


def _entry(name: str, result: Mapping[str, Any], began_at: datetime) -> Entry:
    """Return what *result*, the JSON of one database, says; *began_at* is before its look."""
    if result["state"] in _NOT_BEGUN:
        return Entry(name)
    if not result["schema_state"]:
        return Entry(name, is_lost=True)
    last = result.get("last_run") or {}
    milliseconds = last.get("duration_ms")
    brief = Brief(
        state=result["schema_state"],
        heads=tuple(filter(None, (result["after"] or "").split(","))),
        headline=_UNUSED,
        is_running=bool(result.get("running")),
        failure="failed" if result.get("failed_run") else "",
        last_seconds=None if milliseconds is None else milliseconds / 1000,
    )
    return Entry(name, brief, began_at)
