"""Carries the ledger into a database that is to take this one's place."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.migrator.ledger.reader import Records
from sst.migrator.ledger.writer import Ledger
from sst.migrator.schema.fingerprint import store_fingerprint
from sst.migrator.schema.shape import server_major, take_shape
from sst.migrator.session.connections import open_connection

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from sst.db.url import DatabaseUrl
    from sst.migrator.schema.shape import Shape
    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

_KEYS = {"migrator.run": "id", "migrator.step": "run_id, position"}
_COLUMNS = text("""
    select quote_ident(attname) from pg_attribute
    where attrelid = cast(:relation as regclass) and attnum > 0 and not attisdropped
""")


def carry_over(
    context: Context,
    here: Connection,
    work_id: str,
    url: DatabaseUrl,
    heads: tuple[str, ...] | None,
) -> tuple[str, ...]:
    """Write the ledger of *here* into the database of *url*; the row of *work_id* has succeeded.

    There it says what is true there: at *heads*, with the revisions that its own ledger says it
    holds, and with the schema as it is there. Without *heads* they are read there.

    Returns the heads.
    """
    there_context = replace(context, url=url)
    with open_connection(there_context, f"sst-shape {work_id}") as connection:
        facts = context.facts(connection)
        version_table = facts.qualified_version_table
        found = heads if heads is not None else context.project.current(connection, facts)
        connection.rollback()
        fingerprint = _fingerprint(connection)
    with open_connection(there_context, f"sst-ledger {work_id}", autocommit=True) as there:
        ledger, records = Ledger(there, version_table), Records(there, version_table)
        holds = {each.revision: each.checksum for each in records.applied()}
        ledger.create()
        for table, key in _KEYS.items():
            _copy(here, there, table, key)
        said = {each.revision: each.checksum for each in records.applied()}
        _correct(ledger, work_id, holds, said)
        ledger.finish(work_id, "succeeded", heads=found)
        if fingerprint:
            store_fingerprint(there, work_id, *fingerprint)
    return found


def take_back(context: Context, session: Session, work_id: str, heads: tuple[str, ...]) -> None:
    """Write as steps of *work_id* what the restore of one schema to *heads* took back of it.

    Its ledger is that of the whole database, and was not restored with it.
    """
    records = Records(session.record, session.facts.qualified_version_table)
    said = {each.revision: each.checksum for each in records.applied()}
    held = context.project.applied_at(heads)
    holds = {name: checksum for name, checksum in said.items() if name in held}
    _correct(session.ledger, work_id, holds, said)


def _fingerprint(connection: Connection) -> tuple[Shape, int] | None:
    """Return the schema's shape; None when it cannot be taken, for which nothing fails."""
    try:
        return take_shape(connection), server_major(connection)
    except DBAPIError as error:
        log.warning("no fingerprint of the restored schema: %s", type(error.orig).__name__)
        return None


def _copy(here: Connection, there: Connection, table: str, key: str) -> None:
    """Write every row of *table*; a column that only one of them has is left out."""
    rows = [row[0] for row in here.execute(text(f"select to_jsonb(t) from {table} t"))]  # noqa: S608 - our own names
    columns = [row[0] for row in there.execute(_COLUMNS, {"relation": table})]
    updates = ", ".join(f"{column} = excluded.{column}" for column in columns)
    there.execute(
        text(
            f"insert into {table} select * from "  # noqa: S608
            f"jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb)) "
            f"on conflict ({key}) do update set {updates}"
        ),
        {"rows": json.dumps(rows)},
    )


def _correct(ledger: Ledger, work_id: str, holds: dict[str, str], said: dict[str, str]) -> None:
    """Write as steps of *work_id* what its change of databases took back, or brought back.

    Else a revision that is no longer in the database would be held against its file.
    """
    changed = [
        *((name, "downgrade", said[name]) for name in said if name not in holds),
        *((name, "upgrade", holds[name]) for name in holds if said.get(name) != holds[name]),
    ]
    for position, (revision, direction, checksum) in enumerate(changed):
        ledger.start_step(work_id, position, revision, direction, checksum)
        ledger.finish_step(work_id, position, "applied", duration_ms=0, attempts=1)
