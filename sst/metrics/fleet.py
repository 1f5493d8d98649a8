"""The families of all databases together; none of them has a label for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.metrics import known
from sst.metrics.exposition import Family, Sample, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.fleet.inventory.inventory import Inventory


def fleet_families(inventory: Inventory) -> Iterator[Family]:
    """Yield what *inventory* says; what is not known is absent."""
    yield one(known.FLEET_LIST, int(inventory.is_listed and not inventory.list_error))
    if not inventory.is_listed:
        return
    counts = inventory.counts.items()
    yield Family(known.FLEET_STATES, tuple(Sample(count, (state,)) for state, count in counts))
    revisions = tuple(Sample(count, (name,)) for name, count in inventory.revisions)
    yield Family(known.FLEET_REVISIONS, revisions)
    yield one(known.FLEET_FAILED, inventory.failed)
    yield one(known.FLEET_RUNNING, inventory.running)
    if inventory.slowest_seconds is not None:
        yield one(known.FLEET_SLOWEST, inventory.slowest_seconds)
    if inventory.oldest_at:
        yield one(known.FLEET_OLDEST, inventory.oldest_at.timestamp())
    if inventory.lost_since:
        yield one(known.FLEET_LOST, inventory.lost_since.timestamp())
