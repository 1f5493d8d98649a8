"""The rows and the size of what is taken away, asked read-only and for a bounded time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.migrator.schema.estimated_rows import ESTIMATED_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from sst.migrator.loss.effect import Effect
    from sst.migrator.loss.reading import Name

_ALL_SECONDS = 6.0
"""For all questions of one prompt; then the planner's estimates have to do."""
_ONE_SECONDS = 2.0
"""For one of them: what is too large for it is estimated."""
_LOCK_MS = 500
"""So is what another session has locked."""

_CLASSES = {"schema": "pg_namespace", "type": "pg_type", "domain": "pg_type"}
_CLASSES |= {"extension": "pg_extension"}
_ADDRESSES = {
    "pg_class": "to_regclass(:name)",
    "pg_namespace": "to_regnamespace(:name)",
    "pg_type": "to_regtype(:name)",
    "pg_extension": "(select oid from pg_extension where format('\"%s\"', extname) = :name)",
}
# A partitioned table is its leaves.
_TABLE = f"""
    with parts as (
        select c.oid, c.reltuples from pg_class c where c.oid = :oid and c.relkind <> 'p'
        union
        select c.oid, c.reltuples from pg_partition_tree(cast(:oid as regclass)) t
        join pg_class c on c.oid = t.relid where t.isleaf and c.relkind <> 'p'
    )
    select format('%I.%I', n.nspname, c.relname), cast(c.relkind as text),
           (select {ESTIMATED_ROWS} from parts c)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = :oid
"""  # noqa: S608 - nothing of it comes from outside
_SIZE = """
    select coalesce((select cast(sum(pg_total_relation_size(t.relid)) as bigint)
                     from pg_partition_tree(cast(:oid as regclass)) t where t.isleaf),
                    pg_total_relation_size(cast(:oid as regclass)))
"""
_COLUMN = """
    select a.attnum, coalesce(s.null_frac, 0) from pg_attribute a
    left join pg_stats s on s.attname = a.attname and format('%I.%I', s.schemaname, s.tablename)
      = :table
    where a.attrelid = :oid and a.attname = :column and not a.attisdropped
"""
# What follows from one drop: forwards what depends on it, backwards what a part belongs to.
_GONE = """
    with recursive gone(classid, objid, objsubid) as (
        select cast(:class as regclass)::oid, cast(:oid as oid), cast(:sub as integer)
      union
        select f.classid, f.objid, f.objsubid from gone g cross join lateral (
            select d.classid, d.objid, d.objsubid from pg_depend d
            where d.refclassid = g.classid and d.refobjid = g.objid
              and (g.objsubid = 0 or d.refobjsubid = g.objsubid)
              and (:cascade or d.deptype <> 'n')
          union all
            select d.refclassid, d.refobjid, d.refobjsubid from pg_depend d
            where d.classid = g.classid and d.objid = g.objid and d.objsubid = g.objsubid
              and d.deptype = 'i'
        ) f(classid, objid, objsubid)
    )
    select c.oid, n.nspname, c.relname, cast(c.relkind as text), a.attname
    from (select distinct objid, objsubid from gone where classid = cast('pg_class' as regclass)) g
    join pg_class c on c.oid = g.objid and c.relkind in ('r', 'p', 'm', 'v', 'f')
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = g.objsubid and a.attnum > 0
    where not (:class = 'pg_class' and c.oid = :oid)
      and (g.objsubid = 0 or not exists (select from gone o where o.objid = g.objid
           and o.classid = cast('pg_class' as regclass) and o.objsubid = 0))
      and not exists (select from pg_inherits i join gone o on o.objid = i.inhparent
           where c.relispartition and i.inhrelid = c.oid
             and o.classid = cast('pg_class' as regclass) and o.objsubid = 0)
    order by c.relkind = 'v', n.nspname, c.relname, a.attname
"""
# TRUNCATE ... CASCADE empties whatever refers to the table; manual, TRUNCATE.
_REFERRING = """
    with recursive hit(oid) as (
        select cast(:oid as oid)
      union select k.conrelid from hit h join pg_constraint k on k.confrelid = h.oid
    )
    select c.oid, n.nspname, c.relname, cast(c.relkind as text), null
    from hit h join pg_class c on c.oid = h.oid join pg_namespace n on n.oid = c.relnamespace
    where c.oid <> :oid and not c.relispartition order by 2, 3
"""


_FUNCTIONS = """
    select n.nspname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.proname = :name
"""
_HARMFUL = {"lo_unlink"}


@dataclass(frozen=True, slots=True)
class Rows:
    """How much is in a table, or in one of its columns."""

    count: int | None
    """None when it is not known."""
    is_exact: bool = True
    size_bytes: int | None = None
    is_missing: bool = False
    """Whether there is nothing of that name now."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """What goes with something else that is dropped."""

    kind: str
    name: Name
    column: str
    rows: Rows


@dataclass
class Measure:
    """Counts on *connection* until its time is over; each question is a transaction of its own."""

    connection: Connection
    started: float = field(default_factory=time.monotonic)
    _known: dict[tuple[int, str], Rows] = field(default_factory=dict)

    def rows(self, effect: Effect) -> Rows:
        """Return what is in the table or the column of *effect* now."""
        try:
            oid = self._oid("pg_class", effect.name)
            return Rows(None, is_missing=True) if oid is None else self._rows(oid, effect.column)
        except DBAPIError:
            return Rows(None)

    def exists(self, effect: Effect) -> bool | None:
        """Return whether what *effect* names is there now; None when that cannot be asked."""
        try:
            oid = self._oid(_CLASSES.get(effect.kind, "pg_class"), effect.name)
        except DBAPIError:
            return None
        return oid is not None

    def dependents(self, effect: Effect) -> tuple[Dependent, ...] | None:
        """Return the tables, views and columns that go with what *effect* takes away.

        None when that cannot be asked.
        """
        try:
            return tuple(self._dependent(*row) for row in self._following(effect))
        except DBAPIError:
            return None

    def _following(self, effect: Effect) -> Sequence[Any]:
        catalog = _CLASSES.get(effect.kind, "pg_class")
        oid = self._oid(catalog, effect.name)
        if oid is None or (effect.verb == "empties" and not effect.cascade):
            return ()
        if effect.verb == "empties":
            return self._ask(_REFERRING, oid=oid)
        sub = self._attribute(oid, effect.column) if effect.column else 0
        if sub is None:
            return ()
        asked: dict[str, Any] = {
            "class": catalog,
            "oid": oid,
            "sub": sub,
            "cascade": effect.cascade,
        }
        return self._ask(_GONE, **asked)

    def is_harmless(self, function: Name) -> bool:
        """Say whether *function* is one of PostgreSQL's own, which take no row away."""
        *schema, name = function
        if name in _HARMFUL or schema not in ([], ["pg_catalog"]):
            return False
        try:
            found = {row[0] for row in self._ask(_FUNCTIONS, name=name)}
        except DBAPIError:
            return False
        return found == {"pg_catalog"} or ("pg_catalog" in found and bool(schema))

    def last_value(self, name: Name) -> int | None:
        """Return the last value of the sequence *name*; None when it is not there."""
        return self._number_in_time(f"select last_value from {quoted(name)}")  # noqa: S608

    def _dependent(
        self, oid: int, schema: str, name: str, relkind: str, column: str | None
    ) -> Dependent:
        kind = _KINDS.get(relkind, "table")
        rows = Rows(None) if kind in _WITHOUT_ROWS else self._rows(oid, column or "")
        return Dependent("column" if column else kind, (schema, name), column or "", rows)

    def _rows(self, oid: int, column: str) -> Rows:
        if (oid, column) not in self._known:
            self._known[oid, column] = self._count(oid, column)
        return self._known[oid, column]

    def _count(self, oid: int, column: str) -> Rows:
        [(table, kind, estimate)] = self._ask(_TABLE, oid=oid)
        nulls = 0.0
        if column:
            found = self._ask(_COLUMN, oid=oid, table=table, column=column)
            if not found:
                return Rows(None, is_missing=True)
            nulls = float(found[0][1])
        if kind in {"f", "v"}:
            return Rows(None)
        only = "" if column or kind == "p" else "only "
        counted = quoted((column,)) if column else "*"
        size = None if column else self._number_in_time(_SIZE, oid=oid)
        question = f"select count({counted}) from {only}{table}"  # noqa: S608
        count = self._number_in_time(question)
        if count is not None:
            return Rows(count, size_bytes=size)
        about = None if estimate is None else round(int(estimate) * (1 - nulls))
        return Rows(about, is_exact=False, size_bytes=size)

    def _number_in_time(self, question: str, **parameters: Any) -> int | None:
        """Return the number that *question* asks for; None when there is no time for it."""
        left = self.started + _ALL_SECONDS - time.monotonic()
        if left <= 0:
            return None
        if not parameters:
            # No parameter, but a name with a colon in it.
            question = question.replace(":", "\\:")
        try:
            return int(self._ask(question, min(left, _ONE_SECONDS), **parameters)[0][0])
        except DBAPIError:
            return None

    def _attribute(self, oid: int, column: str) -> int | None:
        found = self._ask(_COLUMN, oid=oid, table="", column=column)
        return int(found[0][0]) if found else None

    def _oid(self, catalog: str, name: Name) -> int | None:
        asked = f"select cast({_ADDRESSES[catalog]} as oid)"
        found = self._ask(asked, name=quoted(name))
        return None if found[0][0] is None else int(found[0][0])

    def _ask(
        self, question: str, seconds: float = _ONE_SECONDS, **parameters: Any
    ) -> Sequence[Any]:
        """Return the rows of *question*, read-only; raise `DBAPIError` when it takes too long."""
        connection, limit = self.connection, max(1, int(seconds * 1000))
        try:
            # Rows that a policy hides would be missing in a count that looks exact.
            connection.exec_driver_sql(
                "set transaction read only; set local row_security = off; "
                f"set local statement_timeout = {limit}; set local lock_timeout = {_LOCK_MS}"
            )
            return connection.execute(text(question), parameters).all()
        finally:
            connection.rollback()


_KINDS = {"r": "table", "p": "table", "m": "materialized view", "v": "view", "f": "foreign table"}
_WITHOUT_ROWS = {"view", "foreign table"}


def quoted(name: Name) -> str:
    """Return *name* as SQL reads it, whatever is in it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name)
