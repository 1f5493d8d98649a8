"""The traffic on what a statement blocks, where the extension `pg_stat_statements` counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.db.sql_tokens import called, statements
from sst.hooks.contract.plan.lock_modes import EVERYTHING, NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from sst.hooks.contract.plan.statement import Statement

_SCHEMA = """
    select quote_ident(n.nspname) from pg_extension e join pg_namespace n
        on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'
"""
# Without the right to read them the texts of others are not there: a part would look like all.
_CALLS = """
    select s.query, sum(s.calls)::bigint, bool_or(s.query is null
            or s.query = '<insufficient privilege>'),
        (select extract(epoch from now() - i.stats_reset) from {schema}.pg_stat_statements_info i)
    from {schema}.pg_stat_statements s
    where s.dbid = (select oid from pg_database where datname = current_database())
    group by s.query
"""
_LIMITS = "set transaction read only; set local statement_timeout = 5000"
_READING = {"select", "with", "table", "declare", "fetch"}
_WRITING = {"insert", "update", "delete", "merge", "copy"}
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """One statement of other sessions, and how often it comes."""

    names: frozenset[str]
    """Every word and every quoted name of it."""
    is_write: bool
    per_minute: float


def read_traffic(connection: Connection) -> tuple[Traffic, ...] | None:
    """Return the statements on the database of *connection*; None where nobody may know."""
    try:
        connection.exec_driver_sql(_LIMITS)
        schema = connection.exec_driver_sql(_SCHEMA).scalar_one_or_none()
        if schema is None:
            return None
        rows = connection.exec_driver_sql(_CALLS.format(schema=schema)).all()
    except DBAPIError:
        # Not preloaded, not readable, or older than the view of its last reset.
        return None
    finally:
        connection.rollback()
    if any(row[2] for row in rows):
        return None
    found = (_traffic(query, int(calls), float(seconds)) for query, calls, _, seconds in rows)
    return tuple(each for each in found if each)


def calls_per_minute(statement: Statement, traffic: Sequence[Traffic] | None) -> float | None:
    """Return how many statements of *traffic* a minute name a table that *statement* blocks."""
    if traffic is None or statement.unseen:
        return None
    total = 0.0
    for each in traffic:
        blocking = (lock for lock in statement.locks if lock.is_table)
        if any(
            lock.blocks == EVERYTHING or (lock.blocks != NOTHING and each.is_write)
            for lock in blocking
            if _last(lock.relation) in each.names
        ):
            total += each.per_minute
    return round(total, 1)


def _traffic(query: str, calls: int, seconds: float) -> Traffic | None:
    tokens = next(statements(query), ())
    words = called(tokens)
    first = tokens[0].text if tokens and tokens[0].kind == "word" else ""
    if first not in _READING | _WRITING or seconds <= 0:
        return None
    is_write = first in _WRITING or (first == "with" and not words.isdisjoint(_WRITING))
    return Traffic(words, is_write, calls * _MINUTE / seconds)


def _last(relation: str) -> str:
    """Return the name of *relation* without its schema, as it is called."""
    [tokens] = statements(relation)
    return tokens[-1].text
