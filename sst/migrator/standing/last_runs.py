"""The run at work, the last one that ended, and one whose failure nothing has made good since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.migrator.ledger.schema import IS_AT_WORK

if TYPE_CHECKING:
    from sst.migrator.ledger.reader import Records, RunRecord

_SETTLING = ("upgrade", "downgrade", "stamp", "restore", "repair")
"""The commands whose success says that the database is where it should be."""
_ENDED = f"not {IS_AT_WORK}"
# The moments of success are looked up once, not for each failed run: a deploy that fails every
# minute leaves thousands of those.
_SUCCEEDED = """
    from migrator.run s where s.version_table = :version_table and s.outcome = 'succeeded'
"""
_NO_SUCCESS_SINCE = f"""
    r.started_at >= coalesce(
        ((select jsonb_object_agg(c.command, c.at) from (
            select s.command, max(s.started_at) as at {_SUCCEEDED} group by s.command) c)
        ->> r.command)::timestamptz, '-infinity')
"""  # noqa: S608 - our own text
# A backup of its own is told as the last backup, and one that failed is settled by the next: the
# last run is the one that moves the schema.
_NO_MERE_BACKUP = f"""
    (r.command = any(:settling)
        or (r.outcome <> 'succeeded' or r.backup is null) and {_NO_SUCCESS_SINCE})
"""
_GOOD = "r.outcome = 'succeeded' and (r.command = any(:settling) or r.backup is null)"
_UNRESOLVED = f"""
    (r.outcome in ('failed', 'unhealthy', 'interrupted') or r.outcome = 'running')
    and {_ENDED}
    and r.started_at >= coalesce(
        (select max(s.started_at) {_SUCCEEDED} and s.command = any(:settling)), '-infinity')
    and {_NO_SUCCESS_SINCE}
"""


@dataclass(frozen=True, slots=True)
class LastRuns:
    """The runs on record that say how the database came to stand where it stands."""

    running: RunRecord | None = None
    """The one at work."""
    last: RunRecord | None = None
    """The newest that has ended, whatever way; one that only made a backup does not count."""
    unresolved: RunRecord | None = None
    """The newest that failed, was killed, or left the database unhealthy.

    None as soon as a later run has succeeded.
    """
    succeeded: RunRecord | None = None
    """The newest that has succeeded; one that only made a backup does not count."""


def read_last_runs(records: Records) -> LastRuns:
    """Return what *records* say; a database without a record has none of them."""
    settling = list(_SETTLING)
    last = records.newest_where(f"{_ENDED} and {_NO_MERE_BACKUP}", settling=settling)
    is_asked = last is not None and last.outcome != "succeeded"
    return LastRuns(
        running=records.newest_where(IS_AT_WORK),
        last=last,
        unresolved=records.newest_where(_UNRESOLVED, settling=settling),
        succeeded=records.newest_where(_GOOD, settling=settling) if is_asked else last,
    )
