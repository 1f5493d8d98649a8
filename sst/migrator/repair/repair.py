"""`repair`: lists what is half done and repairs it one by one, on record; it never stamps."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.db.closed import reopen
from sst.errors import DatabaseClosedError, RepairNeededError
from sst.migrator.ledger.failure import RunFailure
from sst.migrator.repair.damage import closed_database, find_damage
from sst.migrator.repair.statement import run_statement
from sst.migrator.run.progress import new_run_id
from sst.migrator.schema.drift import patched
from sst.migrator.schema.fingerprint import read_fingerprint, store_fingerprint
from sst.migrator.schema.shape import Shape, server_major, take_shape
from sst.migrator.session.connections import open_connection
from sst.migrator.session.inspection import DatabaseInspection
from sst.migrator.session.locked_session import locked_command
from sst.migrator.session.signals import Interrupt
from sst.migrator.values.report import RepairAction, Report
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sst.migrator.repair.damage import Damage
    from sst.migrator.schema.fingerprint import Fingerprint
    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context
    from sst.migrator.values.options import RunOptions

log = logging.getLogger("sst.migrate")

_BY_HAND = "run `python migrate.py repair` on a terminal, or with --yes to repair everything"
# In each of them the record says something else than the version table.
_MOVED = {"ledger_disagrees", "version_table_behind", "unknown_revision"}


def list_damage(context: Context) -> Report:
    """Return every damage with its remedy; nothing is touched and no lock is taken."""
    try:
        with DatabaseInspection(context) as inspection:
            found = find_damage(inspection)
            status = inspection.status
    except DatabaseClosedError as error:
        return _closed_report(closed_database(error, context.url.name), "found")
    repairs = tuple(
        RepairAction(each.code, each.subject, each.what, each.remedy) for each in found
    )
    return Report(
        state=status.state,
        before=status.current,
        after=status.current,
        heads=context.project.heads,
        repairs=repairs,
        error=_needed(repairs, found),
    )


def execute_repair(
    context: Context,
    agree: Callable[[Damage], bool],
    options: RunOptions,
) -> Report:
    """Mend under the run's lock everything that *agree* says yes to, each by itself.

    A damage that cannot be repaired does not stop the others. A database that is closed to
    connections comes first: without it there is nothing to look at.
    """
    run_id = new_run_id()
    closed, error = _look_for_closed(context)
    if closed and error:
        if not agree(closed):
            return _closed_report(closed, "declined")
        note = reopen(context.url, error.dead_swap)
        if note:
            return _closed_report(closed, "failed", note)
        log.info("%s: done", closed.remedy)
    with locked_command(
        context,
        run_id,
        options,
        unknown="how far the repair has come is not known",
        touched="what was repaired before stays repaired",
        close_dead_runs=False,
    ) as session:
        opened = (closed,) if closed else ()
        return _Repair(context, session, run_id, opened).execute(agree)


def _look_for_closed(context: Context) -> tuple[Damage | None, DatabaseClosedError | None]:
    """Return the damage that keeps everybody out of the database, and what says so."""
    try:
        with open_connection(context, "sst-inspect"):
            return None, None
    except DatabaseClosedError as error:
        return closed_database(error, context.url.name), error


def _closed_report(damage: Damage, outcome: str, note: str = "") -> Report:
    repairs = (_repair_action(damage, outcome, note),)
    return Report(repairs=repairs, error=_needed(repairs, (damage,)))


@dataclass
class _Repair:
    """One repair, under the lock of *session*."""

    context: Context
    session: Session
    run_id: str
    opened: tuple[Damage, ...] = ()
    """Repairs made already: there was no record to put them on before."""
    done: list[RepairAction] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    refused: bool = False
    """Whether the version table is not to be put on record as it stands."""

    def execute(self, agree: Callable[[Damage], bool]) -> Report:
        """Ask about each damage, repair it, and look again at the end."""
        with DatabaseInspection(self.context) as inspection:
            found, before = (*self.opened, *find_damage(inspection)), inspection.current
            recorded = inspection.records.last_move()
            state = inspection.state
        wanted = [
            each for each in found if each in self.opened or (not each.by_hand and agree(each))
        ]
        left = {each.code for each in found} - {each.code for each in wanted}
        self.refused = bool(left & _MOVED)
        heads = recorded.heads if recorded and self.refused else before
        if wanted:
            with self._on_record(recorded.heads if recorded else before, heads, len(wanted)):
                self._repair_all(wanted)
            with DatabaseInspection(self.context) as inspection:
                state = inspection.state
        rest = [each for each in found if each not in wanted]
        asked = (_repair_action(each, "found" if each.by_hand else "declined") for each in rest)
        repairs = (*self.done, *asked)
        return Report(
            state=state,
            before=before,
            after=before,
            heads=self.context.project.heads,
            run_id=self.run_id if wanted else None,
            repairs=repairs,
            seconds=time.monotonic() - self.started,
            error=_needed([each for each in repairs if each.outcome != "mended"], found),
        )

    @contextlib.contextmanager
    def _on_record(
        self, before: Sequence[str], heads: Sequence[str], count: int
    ) -> Iterator[None]:
        ledger, outcome, is_recorded = self.session.ledger, "failed", False
        schema = self._schema()
        try:
            with self.session.interrupts.shielded():
                target = counted(count, "finding")
                self.session.put_on_record(self.run_id, "repair", target, before, heads)
                is_recorded = True
            yield
            outcome = "failed" if any(each.note for each in self.done) else "succeeded"
        except Interrupt:
            outcome = "interrupted"
            raise
        finally:
            if is_recorded:
                with self.session.interrupts.shielded():
                    error = None if outcome == "succeeded" else _failure(outcome, self.done)
                    ledger.finish(self.run_id, outcome, error=error, heads=heads)
                    if schema:
                        self._remember(*schema)

    def _repair_all(self, wanted: Sequence[Damage]) -> None:
        for position, damage in enumerate(wanted):
            started, outcome = time.monotonic(), "interrupted"
            ledger = self.session.ledger
            ledger.start_step(
                self.run_id, position, f"{damage.code} {damage.subject}", "repair", ""
            )
            try:
                note = self._repair_one(damage)
                outcome = "failed" if note else "applied"
            finally:
                taken = int((time.monotonic() - started) * 1000)
                with self.session.interrupts.shielded():
                    ledger.finish_step(
                        self.run_id, position, outcome, duration_ms=taken, attempts=1
                    )
            log.info("%s: %s", damage.remedy, note or "done")
            self.done.append(_repair_action(damage, "failed" if note else "mended", note))

    def _repair_one(self, damage: Damage) -> str:
        """Mend *damage*; return why it could not be done, empty when it was."""
        if damage.dead_run:
            self.session.ledger.mark_interrupted([damage.dead_run])
        if damage.statement is None:
            return ""
        note = run_statement(self.context, damage, self.run_id, self.session.interrupts.watch)
        # A statement that a signal has cancelled did not fail by itself.
        self.session.interrupts.check()
        return note

    def _schema(self) -> tuple[Fingerprint, Shape] | None:
        """Return the fingerprint and the schema now; None where they cannot be compared."""
        with contextlib.suppress(DBAPIError), DatabaseInspection(self.context) as inspection:
            known = read_fingerprint(inspection.connection)
            inspection.connection.rollback()
            major = server_major(inspection.connection)
            if known and not known.later_run and known.server_major == major:
                return known, take_shape(inspection.connection)
        return None

    def _remember(self, known: Fingerprint, before: Shape) -> None:
        """Add what was repaired to the fingerprint, and no other change."""
        with contextlib.suppress(DBAPIError), DatabaseInspection(self.context) as inspection:
            shape = patched(known.shape, before, take_shape(inspection.connection))
            store_fingerprint(self.session.record, self.run_id, shape, known.server_major)


def _repair_action(damage: Damage, outcome: str, note: str = "") -> RepairAction:
    return RepairAction(damage.code, damage.subject, damage.what, damage.remedy, outcome, note)


def _failure(outcome: str, done: Sequence[RepairAction]) -> RunFailure:
    failed = [f"{each.subject}: {each.note}" for each in done if each.note]
    text = "; ".join(failed) or f"the repair was {outcome}"
    code = "interrupted" if outcome == "interrupted" else RepairNeededError.code
    return RunFailure(code, "repair", text)


def _needed(left: Sequence[RepairAction], found: Sequence[Damage]) -> RepairNeededError | None:
    if not left:
        return None
    # What only the operator can decide comes before what one command does.
    by_hand = [each.remedy for each in found if each.by_hand]
    repairable = any(each.code not in {one.code for one in found if one.by_hand} for each in left)
    next_step = "; then ".join([*by_hand, *([_BY_HAND] if repairable else [])])
    return RepairNeededError(
        what=f"{counted(len(left), 'finding')} to repair.",
        why="; ".join(f"{each.what}{f' ({each.note})' if each.note else ''}" for each in left),
        next_step=next_step,
    )
