"""The damage that a half-applied run leaves: found by queries, each with its remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.bridge import invalid_indexes
from sst.errors import VersionTableBehindError
from sst.migrator.check.core_checks import disagrees
from sst.migrator.ledger.unknown_revision import nobodys_revision
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.errors import DatabaseClosedError
    from sst.migrator.session.inspection import DatabaseInspection
    from sst.migrator.values.dead_run import DeadRun
    from sst.migrator.values.status import Status

# A constraint that is not enforced (PostgreSQL 18) cannot be validated.
_UNVALIDATED = """
    select format('%I.%I', n.nspname, t.relname), format('%I', k.conname), k.conname
    from pg_constraint k
    join pg_class t on t.oid = k.conrelid
    join pg_namespace n on n.oid = t.relnamespace
    where not k.convalidated and k.conparentid = 0 and n.nspname !~ '^pg_'
      and cast(:schema as text) in ('', n.nspname)
      and to_jsonb(k) ->> 'conenforced' is distinct from 'false'
    order by 1, 2
"""
# Manual, REINDEX, "Rebuilding Indexes Concurrently": both are to be dropped.
_LEFTOVER = re.compile(r"_cc(new|old)\d*$")


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing to repair."""

    code: str
    """`closed_database`, `dead_run`, `index_leftover`, `invalid_index`, `unvalidated_constraint`,
    `ledger_disagrees`, `version_table_behind` or `unknown_revision`."""
    subject: str
    """The run, the index, the constraint."""
    what: str
    """The damage, in one line."""
    remedy: str
    """The remedy of `repair`, in one line; a statement is shown as it is."""
    statement: str | None = None
    """The SQL that repairs it; None for what is a matter of the record."""
    dead_run: DeadRun | None = None
    by_hand: bool = False
    """Whether only the operator can know which remedy is right."""

    @property
    def loses(self) -> str:
        """What its remedy drops; no remedy of `repair` takes a row away."""
        drops_index = (self.statement or "").startswith("DROP INDEX")
        return f"the index {self.subject}, and no row" if drops_index else "nothing"


def closed_database(error: DatabaseClosedError, name: str) -> Damage:
    """Return the damage of a database *name* that a swap which died has closed; else raise."""
    if not error.dead_swap:
        raise error
    remedy = f"let connections into {' and '.join(error.dead_swap)} again"
    return Damage("closed_database", name, f"{error.what} {error.why}", remedy)


def find_damage(inspection: DatabaseInspection) -> tuple[Damage, ...]:
    """Return every damage, in the order in which to do it."""
    return (
        *_dead_runs(inspection.status),
        *_indexes(inspection),
        *_constraints(inspection),
        *_ledger(inspection),
    )


def _dead_runs(status: Status) -> Iterator[Damage]:
    for run in status.dead_runs:
        left = listed(step.revision.id for step in status.pending) or "none"
        yield Damage(
            code="dead_run",
            subject=run.id,
            what=f"the run {run.id} ({run.command} {run.target}) {run.ended}; "
            f"the database is at {listed(status.current) or 'no revision'}, not run: {left}",
            remedy=f"mark it as interrupted; then {run.remedy}",
            dead_run=run,
        )


def _indexes(inspection: DatabaseInspection) -> Iterator[Damage]:
    found = invalid_indexes(inspection.connection)
    inspection.connection.rollback()
    for index in found:
        name, bare = index.qualified_name, index.name
        drop = f"DROP INDEX CONCURRENTLY {name}"
        builder = _mentioned(inspection.status, bare)
        if _LEFTOVER.search(bare):
            what = f"{name} is what a cancelled REINDEX CONCURRENTLY left behind"
            yield Damage("index_leftover", name, what, drop, drop)
        elif builder:
            what = f"{name} is invalid, and the pending revision {builder} builds it again"
            yield Damage("invalid_index", name, what, drop, drop)
        else:
            what = f"{name} is invalid: it costs every write and serves no query"
            rebuild = f"REINDEX INDEX CONCURRENTLY {name}"
            yield Damage("invalid_index", name, what, rebuild, rebuild)


def _constraints(inspection: DatabaseInspection) -> Iterator[Damage]:
    for table, name, bare in inspection.fetch(_UNVALIDATED, schema=inspection.schema):
        if _mentioned(inspection.status, bare):
            # The next upgrade validates it, which is how it is meant to be done.
            continue
        validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        what = f"{name} on {table} was never validated: old rows may violate it"
        yield Damage("unvalidated_constraint", f"{table}.{name}", what, validate, validate)


def _ledger(inspection: DatabaseInspection) -> Iterator[Damage]:
    records, error = inspection.records, inspection.status.error
    disagreement = disagrees(records.last_move(), inspection.current)
    if isinstance(error, VersionTableBehindError):
        yield _by_hand(inspection, error.code, f"{error.what} {error.why}", error.next_step)
    elif inspection.status.unknown and inspection.brought_by is None:
        nobodys = nobodys_revision(inspection.status.unknown, records.left_at())
        yield _by_hand(inspection, nobodys.code, nobodys.what, nobodys.next_step)
    elif disagreement:
        yield Damage(
            code="ledger_disagrees",
            subject=inspection.version_table,
            what=f"{disagreement}: something else moved it",
            remedy="put on record where the version table stands; nothing is stamped or run",
        )


def _by_hand(inspection: DatabaseInspection, code: str, what: str, remedy: str) -> Damage:
    return Damage(code, inspection.version_table, what, remedy, by_hand=True)


def _mentioned(status: Status, name: str) -> str | None:
    """Return the pending revision whose file speaks of *name*."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    for step in status.pending:
        path = step.revision.path
        if path and path.suffix == ".py" and word.search(path.read_text("utf-8", "replace")):
            return step.revision.id
    return None
