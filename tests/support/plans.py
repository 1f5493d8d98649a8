"""Plans as values: a report of `plan` without a database."""

from __future__ import annotations

from sst.hooks.contract.plan.statement import Lock, Seconds, Statement
from sst.migrator.rehearsal.rehearsal import Probe, Rehearsal
from sst.migrator.values.report import Report, RevisionState

FILE = "alembic/versions/one.py"
REVISION = "8d26b1f7a3c0"
EVERYTHING, WRITES, NOTHING = "AccessExclusiveLock", "ShareLock", "RowExclusiveLock"


def statement(
    sql: str = "alter table worker add x integer",
    mode: str = EVERYTHING,
    *,
    line: int = 9,
    seconds: tuple[float, float] | None = None,
    transaction: int = 1,
    scans: bool = False,
) -> Statement:
    """Return a statement with a lock of *mode* on the table `worker`."""
    return Statement(
        FILE,
        line,
        sql,
        locks=(Lock("public.worker", mode),),
        scans=("public.worker",) if scans else (),
        rows=1000 if scans else None,
        seconds=Seconds(*seconds, "inferred") if seconds else None,
        transaction=transaction,
    )


def rows_in_the_way(violations: int | None = 3, *, line: int = 9) -> Probe:
    """Return what a question to the rows of `worker` has found."""
    why_not = "it is too large" if violations is None else None
    return Probe("public.worker", "unique", "full_name", violations, why_not, FILE, line)


def report(rehearsal: Rehearsal, *, sql: str | None = None, description: str = "x") -> Report:
    """Return the report of a plan of one revision, of which *rehearsal* is."""
    state = RevisionState(REVISION, (), description, "pending", sql=sql)
    return Report(revisions=(state,), rehearsal=rehearsal, plan_hash="f6af98e051410873")
