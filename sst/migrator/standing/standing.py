"""Where a database stands, as one value: for a screen, for machines, for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sst.migrator.standing.headline import Headline
    from sst.migrator.standing.last_backup import LastBackup
    from sst.migrator.standing.last_runs import LastRuns
    from sst.migrator.standing.running import Running


@dataclass(frozen=True, slots=True)
class Standing:
    """The runs and the backup of one database, read in one look at the moment *at*."""

    at: datetime
    """The server's time."""
    is_protected: bool
    """Whether the environment is one of live data."""
    runs: LastRuns
    running: Running | None
    """The run at work, or other work that holds the run's lock."""
    last_backup: LastBackup | None
    last_proven_backup: LastBackup | None = None
    """The newest that was restored and compared, or read back."""
    headline: Headline | None = None
    """What matters first; None while the checks have not been asked."""
