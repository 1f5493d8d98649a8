"""The query that finds the rows which a constraint or a narrower type would not have.

It is made of names, from the server's fields and from the statement; a value is never part of it.
"""

from __future__ import annotations

# ruff: noqa: S608 - these are shown, never sent
import re
from typing import TYPE_CHECKING

from sst.db.server_errors import server_field, sqlstate_of
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

# The names in a DETAIL end where the values begin: `Key (name, code)=(...) is duplicated.`
_KEY = re.compile(r"Key \((?P<columns>.+?)\)=\(")
_REFERRED = re.compile(
    r"\breferences\s+(?P<table>[^\s(]+)\s*\((?P<columns>[^)]+)\)", re.IGNORECASE
)
_NARROWER = re.compile(
    r"\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<table>\S+)\s+"
    r"alter\s+(?:column\s+)?(?P<column>\S+)\s+(?:set\s+data\s+)?type\s+"
    r"(?:character\s+varying|varchar|character|char|bpchar)\s*\(\s*(?P<length>\d+)\s*\)",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


def rows_in_the_way(error: BaseException) -> str | None:
    """Return what to do about rows that stopped a statement; None when *error* is no such thing.

    *error* is SQLAlchemy's, which has the statement.
    """
    original = getattr(error, "orig", None) or error
    advise = _BY_STATE.get(sqlstate_of(original) or "")
    return advise(original, str(getattr(error, "statement", None) or "")) if advise else None


def _nulls(original: object, _: str) -> str | None:
    column = _name(server_field(original, "column_name"))
    if "contains null values" not in first_line(original):  # type: ignore[arg-type]
        return f"give {column} a value in the revision, or a server_default"
    return f"fill them first: `select * from {_table(original)} where {column} is null` finds them"


def _duplicates(original: object, _: str) -> str | None:
    columns = _key(original)
    if "could not create unique index" not in first_line(original):  # type: ignore[arg-type]
        return (
            f"the row is there already: see {_table(original)} before inserting, or "
            "`insert ... on conflict do nothing`"
        )
    return columns and (
        f"merge or remove the duplicates first: `select {columns}, count(*) from "
        f"{_table(original)} group by {columns} having count(*) > 1` finds them"
    )


def _orphans(original: object, statement: str) -> str | None:
    table, columns = _table(original), _key(original)
    if "update or delete" in first_line(original):  # type: ignore[arg-type]
        return f"rows of {table} refer to it: delete or change those first"
    referred = _REFERRED.search(statement)
    if not referred or not columns:
        return None
    pairs = zip(referred["columns"].split(","), columns.split(","), strict=False)
    same = " and ".join(f"r.{theirs.strip()} = t.{ours.strip()}" for theirs, ours in pairs)
    known = " and ".join(f"t.{ours.strip()} is not null" for ours in columns.split(","))
    return (
        f"correct the rows that refer to nothing: `select * from {table} t where {known} "
        f"and not exists (select 1 from {referred['table']} r where {same})` finds them"
    )


def _violations(original: object, _: str) -> str | None:
    name = server_field(original, "constraint_name")
    if "is violated by some row" not in first_line(original):  # type: ignore[arg-type]
        # Without a name it is a partitioned table, or what a function raised itself.
        return name and f"let the revision write what {name} allows"
    return (
        f"correct the rows first: `select * from {_table(original)} where not (CONDITION)`, with "
        f"the condition of {name}, finds them"
    )


def _too_long(_: object, statement: str) -> str | None:
    found = _NARROWER.search(statement)
    return found and (
        f"shorten the values first: `select * from {found['table']} where "
        f"length({found['column']}) > {found['length']}` finds them"
    )


_BY_STATE: dict[str, Callable[[object, str], str | None]] = {
    "22001": _too_long,
    "23502": _nulls,
    "23503": _orphans,
    "23505": _duplicates,
    "23514": _violations,
}


def _table(original: object) -> str:
    names = (server_field(original, "schema_name"), server_field(original, "table_name"))
    return ".".join(_name(name) for name in names if name) or "TABLE"


def _name(name: str | None) -> str:
    if name is None or _PLAIN.fullmatch(name):
        return name or "COLUMN"
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _key(original: object) -> str | None:
    """Return the columns of the DETAIL, as the server writes them."""
    detail = server_field(original, "message_detail", "detail") or ""
    found = _KEY.search(detail)
    return found["columns"] if found else None
