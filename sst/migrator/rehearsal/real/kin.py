"""The kin of real tables: children whose rows count for them, and what writes follow a write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from sst.migrator.rehearsal.real.questions import Question

_CHILDREN = text("""
    with recursive kin as (
        select name as parent, cast(to_regclass(name) as oid) as oid
        from unnest(cast(:names as text[])) as name
        union
        select kin.parent, h.inhrelid from kin join pg_inherits h on h.inhparent = kin.oid
    )
    select kin.parent, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    from kin join pg_class c on c.oid = kin.oid join pg_namespace n on n.oid = c.relnamespace
    where c.oid <> to_regclass(kin.parent)
""")
# A copy has no rows for which a trigger would fire, or a foreign key would act.
_FOLLOWED = text("""
    select name from unnest(cast(:names as text[])) as name
    where exists (select from pg_trigger t where t.tgrelid = to_regclass(name)
            and not t.tgisinternal and t.tgenabled <> 'D')
        or exists (select from pg_constraint k where k.confrelid = to_regclass(name)
            and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd')))
""")
_LIMITS = "set transaction read only; set local statement_timeout = 5000"


@dataclass(frozen=True, slots=True)
class Kin:
    """The children of tables, and the tables whose writes are followed by others."""

    children: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of each table, at any depth; partitions are children."""
    followed: frozenset[str] = frozenset()
    """Those with a trigger, or with a foreign key to them that deletes or changes rows."""
    is_known: bool = True

    @property
    def all_children(self) -> set[str]:
        """The children of all tables."""
        return {each for children in self.children.values() for each in children}

    def why_not(self, question: Question) -> str | None:
        """Return why the rows of today say nothing to *question*, by what is done before it."""
        if not self.is_known:
            return "the server did not say what belongs to its tables"
        for each in sorted(self.followed & question.written):
            return f"the plan itself writes rows of {each} before, whose triggers may write more"
        changed = question.written | question.moved
        for table in question.tables:
            for each in sorted(self.children.get(table, frozenset()) & changed):
                return f"the plan itself changes what rows its part {each} has before"
        return None


def kin_of(connection: Connection, names: Iterable[str], written: Iterable[str]) -> Kin:
    """Return the children of *names*, and those of *written* that more writes follow."""
    try:
        connection.exec_driver_sql(_LIMITS)
        rows = connection.execute(_CHILDREN, {"names": sorted(names)}).all()
        followed = connection.execute(_FOLLOWED, {"names": sorted(written)}).scalars().all()
    except DBAPIError:
        return Kin(is_known=False)
    finally:
        connection.rollback()
    children: dict[str, frozenset[str]] = {}
    for parent, child in rows:
        children[parent] = children.get(parent, frozenset()) | {child}
    return Kin(children, frozenset(followed))
