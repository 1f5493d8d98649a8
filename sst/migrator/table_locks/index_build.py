"""How far the server is with an index that a revision builds.

Source: PostgreSQL manual, 27.4.4 "CREATE INDEX Progress Reporting".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

# An index of an open transaction has no name for others yet, and prints as its number.
_BUILDS = text("""
    select p.relid::regclass::text, p.phase,
        case when p.blocks_total > 0 then 100 * p.blocks_done / p.blocks_total
             when p.tuples_total > 0 then 100 * p.tuples_done / p.tuples_total
             when p.lockers_total > 0 then 100 * p.lockers_done / p.lockers_total end
    from pg_stat_progress_create_index p where p.pid = any(:pids)
    order by p.pid limit 1
""")


def describe_build(connection: Connection, pids: Iterable[int]) -> str:
    """Return what the server processes *pids* do for an index; empty when they build none."""
    row = connection.execute(_BUILDS, {"pids": sorted(pids)}).first()
    if row is None:
        return ""
    table, phase, percent = row
    done = "" if percent is None else f", {min(percent, 100)} %"
    return f"index on {table}: {phase}{done}"
