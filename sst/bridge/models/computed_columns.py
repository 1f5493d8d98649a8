"""Expressions of computed columns, compared by the server: it knows when two texts are one."""

from __future__ import annotations

import json
import logging
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Computed, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Column, Table
    from sqlalchemy.engine import Connection

_log = logging.getLogger(__name__)
# Not pyformat, which doubles every percent sign.
_DIALECT = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
_NOT_THERE = frozenset({"42703", "42883"})  # undefined_column, undefined_function
# The generated columns, and the others that the models compute.
_FOUND = text("""
    select n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid), a.attname::text,
        pg_catalog.format('%I.%I', n.nspname, c.relname),
        pg_catalog.format_type(a.atttypid, a.atttypmod), a.attgenerated::text,
        case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
      and (a.attgenerated <> '' or a.attname = any (:names))
""")
_DETAILS = re.compile(r"::[\w ]+(\(\d+(,\d+)?\))?(\[\])?|[\s()\"]")


@dataclass(frozen=True, slots=True)
class _Found:
    """A column of the database; without an expression it is not computed."""

    table: str
    kind: str
    is_stored: bool
    expression: str | None


@contextmanager
def without_warning_of_computed() -> Iterator[None]:
    """Keep Alembic from warning that a computed column cannot be modified: we name the difference.

    It compares two texts, and says no more than that they differ.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Computed default on .* cannot be modified")
        yield


def computed_differences(
    connection: Connection, columns: Iterable[Column[Any]]
) -> Iterator[tuple[str, Table]]:
    """Yield a line, and the table, for each of *columns* that is computed in another way.

    The server compares the two expressions (EXPLAIN, which runs nothing). Where it will not and
    the texts differ, nothing is said of the column but a line of the log.
    """
    known = list(columns)
    names = sorted({each.name for each in known if isinstance(each.server_default, Computed)})
    found = dict(_found(connection, names))
    for column in known:
        there = found.get((column.table.schema, column.table.name, column.name))
        if there is not None:
            place = ".".join(filter(None, (column.table.schema, column.table.name, column.name)))
            for what in _compared(connection, place, column.server_default, there):
                yield f"column {place}: computed is {what}", column.table


def _found(
    connection: Connection, names: list[str]
) -> Iterator[tuple[tuple[str | None, str, str], _Found]]:
    for row in connection.execute(_FOUND, {"names": names}):
        schema, table, is_visible, column, place, kind, generated, expression = row
        found = _Found(place, kind, generated == "s", expression)
        yield (schema, table, column), found
        if is_visible:
            yield (None, table, column), found


def _compared(connection: Connection, place: str, wanted: object, found: _Found) -> Iterator[str]:
    if not isinstance(wanted, Computed):
        yield f"{found.expression} in the database, none in the models"
        return
    ours = _text(wanted)
    if found.expression is None:
        yield f"none in the database, {ours} in the models"
        return
    if not _agree(connection, place, ours, found):
        yield f"{found.expression} in the database, {ours} in the models"
    if wanted.persisted is not None and wanted.persisted is not found.is_stored:
        words = ("virtual", "stored")
        yield f"{words[found.is_stored]} in the database, {words[wanted.persisted]} in the models"


def _text(computed: Computed) -> str:
    options = {"literal_binds": True, "include_table": False}
    return str(computed.sqltext.compile(dialect=_DIALECT, compile_kwargs=options))


def _agree(connection: Connection, place: str, ours: str, found: _Found) -> bool:
    theirs = found.expression or ""
    if theirs in (ours, f"({ours})"):
        return True
    try:
        return _are_one(connection, ours, found)
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", getattr(error.orig, "sqlstate", None)) in _NOT_THERE:
            return False
        if _DETAILS.sub("", ours).lower() != _DETAILS.sub("", theirs).lower():
            _log.warning("computed column %s is left out of the comparison: %s", place, error.orig)
        return True


def _are_one(connection: Connection, ours: str, found: _Found) -> bool:
    """Return whether the planner makes the same of both; it folds constants and names casts."""
    both = ", ".join(f"cast(({each}) as {found.kind})" for each in (ours, found.expression))
    # The project's own text, and names that the server has quoted.
    sql = f"explain (verbose, costs off, format json) select {both} from only {found.table}"  # noqa: S608
    # A transaction goes on after an error only from a savepoint.
    with connection.begin_nested():
        plan = connection.execute(text(sql.replace(":", "\\:"))).scalar_one()
    first, second = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Output"]
    return bool(first == second)
