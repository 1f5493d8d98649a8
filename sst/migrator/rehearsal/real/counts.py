"""The SQL that counts the rows in the way; all names in it are those of the catalogue."""

# ruff: noqa: S608 - nothing of it comes from outside

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 1_000_000
"""Where a count of rows ends."""


def counted(body: str) -> str:
    """Return the number of rows of *body*, which begins with FROM."""
    return f"select count(*) from (select 1 {body} limit {MOST}) as found"


def repeated(rows: str, keys: Sequence[str], condition: str, *, with_nulls: bool) -> str:
    """Return the number of *rows* that have the *keys* of another one.

    *condition* is that of a partial index, *with_nulls* says whether NULL equals NULL.
    """
    where = f" where {condition}" if condition else ""
    filled = "" if with_nulls else f" where {_all_filled('keyed', keys)}"
    groups = (
        f"select count(*) as many from (select {_numbered(keys)} from {rows}{where}) as keyed"
        f"{filled} group by {', '.join(_names(keys))} having count(*) > 1"
    )
    return f"select coalesce(sum(many - 1), 0) from ({groups}) as found"


def orphans(
    rows: str, keys: Sequence[str], parents: str, parent_keys: Sequence[str], *, is_full: bool
) -> str:
    """Return the number of *rows* whose *keys* are those of no row of *parents*.

    A row without a value in one of the keys refers to nothing; with *is_full* (MATCH FULL) it
    has to have none at all. Source: PostgreSQL manual, CREATE TABLE.
    """
    met = " and ".join(f"parent.{name} = child.{name}" for name in _names(keys))
    parent = f"(select {_numbered(parent_keys)} from {parents}) as parent"
    full, lost = _all_filled("child", keys), f"not exists (select from {parent} where {met})"
    wrong = f"({full}) and {lost}"
    if is_full:
        some = " or ".join(f"child.{name} is not null" for name in _names(keys))
        wrong = f"({some}) and (not ({full}) or {lost})"
    return counted(f"from (select {_numbered(keys)} from {rows}) as child where {wrong}")


def unfitting(table: str, column: str, new_type: str) -> str:
    """Return 0 where every value of *column* fits *new_type*, whatever it is; else NULL.

    So it is where PostgreSQL would cast by itself, and the new type has no limit of its own.
    Source: PostgreSQL manual, CREATE CAST.
    """
    if "(" in new_type:
        return "select null"
    return (
        "select case when exists (select from pg_attribute a join pg_cast c"
        f" on c.castsource = a.atttypid where a.attrelid = {_literal(table)}::regclass"
        f" and a.attname = {_literal(column)} and c.casttarget = to_regtype({_literal(new_type)})"
        " and c.castcontext = 'i') then 0 end"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _names(keys: Sequence[str]) -> list[str]:
    return [f"k{number}" for number, _ in enumerate(keys)]


def _numbered(keys: Sequence[str]) -> str:
    return ", ".join(f"{key} as {name}" for key, name in zip(keys, _names(keys), strict=True))


def _all_filled(table: str, keys: Sequence[str]) -> str:
    return " and ".join(f"{table}.{name} is not null" for name in _names(keys))
