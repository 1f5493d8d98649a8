"""How long the code of a revision took when it ran here before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from sst.bridge import Step

_DURATIONS = text("""
    select distinct on (s.revision) s.revision, s.duration_ms / 1000.0 from migrator.step s
    join unnest(cast(:revisions as text[]), cast(:checksums as text[])) as w(revision, checksum)
        using (revision, checksum)
    where s.outcome = 'applied' and s.direction = :direction and s.duration_ms is not null
    order by s.revision, s.started_at desc
""")


def last_durations(connection: Connection, steps: Sequence[Step]) -> dict[str, float]:
    """Return the seconds that *steps* took when the same code ran here last, by revision."""
    if not steps:
        return {}
    asked = {
        "revisions": [step.revision.id for step in steps],
        "checksums": [step.checksum for step in steps],
        "direction": "upgrade" if steps[0].is_upgrade else "downgrade",
    }
    try:
        rows = connection.execute(_DURATIONS, asked).all()
    except DBAPIError:
        # There is no record, or the role may not read it.
        return {}
    finally:
        connection.rollback()
    return {row[0]: float(row[1]) for row in rows}
