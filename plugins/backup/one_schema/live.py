"""The live schema before a restore: what its operator is shown, and whether it is so still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import TemporaryError, Veto

from ..manifest.origin import read_origin
from ..postgres.database_session import asked, reason_of
from ..postgres.process import Deadline
from ..restore.live_database import LastRun, LiveDatabase
from .replaced import Family, family_of

if TYPE_CHECKING:
    from sst.hooks import CommandContext, DatabaseUrl

_LOOK_SECONDS = 60.0
_NUMBER = "SELECT oid FROM pg_namespace WHERE nspname = %(schema)s"
_SIZE = """
SELECT n.oid, CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bigint)
  FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm')
 WHERE n.nspname = :schema GROUP BY n.oid
"""
_LAST_RUN = """
SELECT command, target, outcome, extract(epoch FROM now() - started_at) FROM migrator.run
 WHERE outcome <> 'refused' AND version_table = :version_table ORDER BY started_at DESC LIMIT 1
"""
_HAS_RECORD = "SELECT to_regclass('migrator.run') IS NOT NULL"


def look_at_schema(context: CommandContext) -> LiveDatabase:
    """Return the live schema of *context*; a question is asked whatever cannot be seen."""
    url = context.database_url
    try:
        with context.inspect() as look:
            [(number, size)] = look.fetch(_SIZE, schema=url.schema)
            [(has_record,)] = look.fetch(_HAS_RECORD)
            table = look.version_table
            rows = look.fetch(_LAST_RUN, version_table=table) if has_record else []
            heads, origin = look.current, read_origin(look.fetch, url)
        family = family_beside(url)
    except (TemporaryError, Veto, psycopg2.Error) as error:
        return LiveDatabase(unseen=reason_of(url, error), number_of=number_of_schema)
    runs = [LastRun(f"{row[0]} {row[1]}".strip(), row[2], float(row[3])) for row in rows]
    return LiveDatabase(
        number,
        heads,
        size,
        last_run=runs[0] if runs else None,
        origin=origin,
        replaced=family.replaced[0] if family.replaced else None,
        number_of=number_of_schema,
    )


def number_of_schema(url: DatabaseUrl) -> int | None:
    """Return the number of the schema of *url*; None when there is none of that name."""
    rows = asked(
        url,
        lambda session: session.fetch(_NUMBER, {"schema": url.schema}),
        Deadline(_LOOK_SECONDS),
    )
    return int(rows[0][0]) if rows else None


def family_beside(url: DatabaseUrl) -> Family:
    """Return the schemas beside that of *url* that restores have replaced, or that look so."""
    return asked(url, lambda session: family_of(session, url.schema), Deadline(_LOOK_SECONDS))
