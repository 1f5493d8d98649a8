"""The connections of a run: the one that holds the lock and migrates, and the one that records."""

from __future__ import annotations

import contextlib
import logging
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.db.probe import Probe
from app.errors import ConfigError, Problem
from app.migrator.connections import open_connection, prepare_session, refuse_old_server
from app.migrator.heartbeat import Heartbeat
from app.migrator.ledger import Ledger
from app.migrator.lock import LockHolder, RunLock, refuse_pooler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from app.db.url import DatabaseUrl
    from app.migrator.bridge import EnvFacts
    from app.migrator.context import Context
    from app.migrator.interrupts import Interrupts

log = logging.getLogger("sst.migrate")


@dataclass(frozen=True, slots=True)
class Session:
    """Two open connections, the lock held on the first; the other one is for the record."""

    connection: Connection
    facts: EnvFacts
    lock: RunLock
    ledger: Ledger
    record: Connection
    backend_pid: int
    backend_start: datetime


@contextlib.contextmanager
def open_session(
    context: Context,
    run_id: str,
    *,
    lock_wait_seconds: float,
    interrupts: Interrupts,
    close_dead_runs: bool = True,
) -> Iterator[Session]:
    """Connect, take the lock, and give both back at the end.

    Runs that died are marked so, unless *close_dead_runs* is off.
    *interrupts* is told the number of the server process that a signal must cancel, and ends the
    run when the server has been silent for too long.
    """
    with ExitStack() as stack:
        stack.enter_context(_heartbeat(context, run_id, interrupts))
        connection = stack.enter_context(open_connection(context, f"sst-migrate {run_id}"))
        refuse_old_server(connection)
        refuse_pooler(connection)
        pid = prepare_session(connection)
        interrupts.watch(pid)
        facts = context.facts(connection)
        _refuse_other_database(facts, context.url)
        record = stack.enter_context(
            open_connection(context, f"sst-ledger {run_id}", autocommit=True)
        )
        prepare_session(record)
        ledger = Ledger(record, facts.qualified_version_table)
        lock = RunLock(connection, facts.version_table, facts.version_schema)
        lock.acquire(lock_wait_seconds, _tell_waiting)
        stack.callback(_release, lock)
        if close_dead_runs:
            _close_dead_runs(ledger)
        started = _backend_start(connection)
        yield Session(connection, facts, lock, ledger, record, pid, started)


def cancel_backends(context: Context, pids: frozenset[int]) -> None:
    """Ask the server to cancel what the processes *pids* are doing."""
    with open_connection(context, "sst-cancel", autocommit=True) as connection:
        for pid in pids:
            connection.execute(text("select pg_cancel_backend(:pid)"), {"pid": pid})


def _heartbeat(context: Context, run_id: str, interrupts: Interrupts) -> Heartbeat:
    probe = Probe(context.url, f"sst-heartbeat {run_id}")
    return Heartbeat(probe, context.settings.server_silence, interrupts.give_up)


def _refuse_other_database(facts: EnvFacts, url: DatabaseUrl) -> None:
    if not facts.same_database:
        raise ConfigError(
            [
                Problem(
                    "env.py",
                    f"connects to another database than {url}",
                    hint="let it read sqlalchemy.url or config.attributes['connection']",
                )
            ]
        )


def _close_dead_runs(ledger: Ledger) -> None:
    dead = ledger.dead_runs()
    for run in dead:
        where = f"during revision {run.revision}" if run.revision else "between two revisions"
        log.warning("run %s (started %s) was interrupted %s", run.id, run.started_at, where)
    ledger.mark_interrupted(dead)


def _backend_start(connection: Connection) -> datetime:
    query = text("select backend_start from pg_stat_activity where pid = pg_backend_pid()")
    started: datetime = connection.execute(query).scalar_one()
    connection.commit()
    return started


def _release(lock: RunLock) -> None:
    # A lost session has lost its lock with it.
    with contextlib.suppress(SQLAlchemyError):
        lock.release()


def _tell_waiting(holder: LockHolder | None) -> None:
    log.info("waiting for %s", holder or "the lock")
