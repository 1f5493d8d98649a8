"""The relations of the copy, and the locks, files and scans of one transaction in it.

Relations go by their numbers: a revision may give them other names.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

# An index counts for its table where rows and bytes are asked for.
_RELATIONS = """
select c.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text,
    coalesce(quote_ident(tn.nspname) || '.' || quote_ident(t.relname), ''),
    coalesce(pg_relation_filenode(c.oid), 0)::bigint, c.relname::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_index i on i.indexrelid = c.oid left join pg_class t on t.oid = i.indrelid
left join pg_namespace tn on tn.oid = t.relnamespace
where c.oid >= 16384 and n.nspname !~ '^pg_'
"""
# As `pg_stat_xact_all_tables`, whose view has every table in it.
# Every transaction holds a lock on its own virtual number, in whose row there is no relation.
_TOUCHED = """
select coalesce(l.relation, 0)::bigint, string_agg(distinct l.mode, ','),
    coalesce(pg_relation_filenode(l.relation), 0)::bigint,
    coalesce(pg_stat_get_xact_numscans(l.relation), 0), max(l.virtualtransaction)
from pg_locks l
where {whose} and l.granted and (l.locktype = 'virtualxid'
    or l.locktype = 'relation' and l.relation >= 16384
    and l.database = (select oid from pg_database where datname = current_database()))
group by l.relation
"""
_OWN = _TOUCHED.format(whose="l.pid = pg_backend_pid()")
_OTHER = _TOUCHED.format(whose="l.pid = {pid}")
# The server keeps counts of a session for a while: of transactions before this one, too.
_SCANS = """
select c.oid::bigint, pg_stat_get_xact_numscans(c.oid) from pg_class c
where c.oid >= 16384 and c.relkind in ('r', 'm', 'p')
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation of the copy, as it was before the plan."""

    name: str
    kind: str
    """As `pg_class.relkind` has it: `r` is a table, `i` an index."""
    table: str
    """The table of an index; empty for another relation."""
    filenode: int
    """The number of its file; 0 where it has none."""
    bare: str
    """The name without its schema and without quotes."""

    @property
    def is_stored(self) -> bool:
        """Whether it has rows of its own."""
        return self.kind in {"r", "m"}

    @property
    def is_index(self) -> bool:
        """Whether it is an index, of a partitioned table too."""
        return self.kind in {"i", "I"}

    @property
    def is_sequence(self) -> bool:
        """Whether it is a sequence, that of a table's column too."""
        return self.kind == "S"


@dataclass(frozen=True, slots=True)
class Touched:
    """A relation that a transaction has locked."""

    modes: frozenset[str]
    filenode: int
    """0 when it is dropped."""
    scans: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a transaction has locked so far."""

    transaction: str = ""
    """Its virtual number, which no other transaction of the server has had."""
    relations: Mapping[int, Touched] = field(default_factory=dict)

    @property
    def modes(self) -> dict[int, frozenset[str]]:
        """The lock modes by relation."""
        return {number: each.modes for number, each in self.relations.items()}

    def left_in(self, now: Holdings) -> Holdings:
        """Return these as far as they are held *now*, in the same transaction."""
        if self.transaction != now.transaction:
            return Holdings()
        left = {
            number: replace(each, modes=each.modes & now.relations[number].modes)
            for number, each in self.relations.items()
            if number in now.relations
        }
        return replace(self, relations=left)


def relations(connection: Connection) -> dict[int, Relation]:
    """Return the relations of *connection*'s database by number, those of the server aside."""
    rows = connection.exec_driver_sql(_RELATIONS).all()
    return {row[0]: Relation(*row[1:]) for row in rows}


def touched(connection: Connection, pid: int | None = None) -> Holdings:
    """Return what the transaction of *connection*, or of the session *pid*, has locked."""
    question = _OWN if pid is None else _OTHER.format(pid=pid)
    rows = connection.exec_driver_sql(question).all()
    found = {
        row[0]: Touched(frozenset(row[1].split(",")), row[2], row[3]) for row in rows if row[0]
    }
    return Holdings(rows[0][4] if rows else "", found)


def scan_counts(connection: Connection) -> dict[int, int]:
    """Return how often each table was scanned by the session of *connection*, as far as kept."""
    return {row[0]: row[1] for row in connection.exec_driver_sql(_SCANS)}
