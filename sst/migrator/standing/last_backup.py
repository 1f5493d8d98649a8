"""The newest backups of the database on record: made by a run, or by a plugin's command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from sst.migrator.ledger.reader import Records, RunRecord

# A restore has the backup that it came from. What another environment's runs have made came along
# with a backup of that environment, and is not of this database.
_MADE = """
    r.backup ->> 'id' is not null and r.command <> 'restore' and r.environment = :environment
"""
_PROOFS = frozenset({"restored", "read"})
_IS_PROVEN = f"""
    {_MADE} and coalesce(nullif(r.backup ->> 'proven', ''),
        case when (r.backup ->> 'verified')::boolean then 'read' end) in ('restored', 'read')
"""


@dataclass(frozen=True, slots=True)
class LastBackup:
    """A backup, as the record of the run that made it has it."""

    id: str
    uri: str
    size_bytes: int
    proven: str
    """How far: `restored` and compared, `read` back, or `no`."""
    made_by: str
    """The run, or other work on record, that made it."""
    command: str
    at: datetime
    """When that work began: the backup is of a moment after it."""

    @property
    def is_proven(self) -> bool:
        """Whether it was restored and compared, or read back."""
        return self.proven in _PROOFS

    @classmethod
    def of(cls, run: RunRecord) -> LastBackup:
        """Return the backup that *run* has made."""
        backup: dict[str, Any] = run.details["backup"]
        is_read = bool(backup.get("verified"))
        return cls(
            id=backup["id"],
            uri=backup.get("uri") or "",
            size_bytes=backup.get("size_bytes") or 0,
            # A plugin that is silent has said at least whether it was read.
            proven=backup.get("proven") or ("read" if is_read else "no"),
            made_by=run.id,
            command=run.command,
            at=run.started_at,
        )


def read_last_backup(records: Records, environment: str) -> LastBackup | None:
    """Return the newest backup that a run in *environment* has put on record."""
    found = records.newest_where(_MADE, environment=environment)
    return LastBackup.of(found) if found else None


def read_last_proven_backup(
    records: Records, environment: str, last: LastBackup | None
) -> LastBackup | None:
    """Return the newest one that is proven; nothing is read where that is *last*, the newest."""
    if last is None or last.is_proven:
        return last
    found = records.newest_where(_IS_PROVEN, environment=environment)
    return LastBackup.of(found) if found else None
