"""Where the database stands as a file for the textfile collector of Prometheus's node exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.kept.doubts import doubt
from sst.metrics.database import database_families
from sst.metrics.exposition import exposition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report


def prometheus(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return the metrics of the database, those that `/metrics` has of it."""
    doubt("the moment of the look is that of this call")
    return exposition(database_families(report, invocation.clean)).splitlines()
