"""The run's lock, held for a body: with its connections, its guards and its watch over signals."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from sqlalchemy import text

from sst.errors import InterruptedRunError
from sst.hooks.contract.events import rfc3339
from sst.migrator.session.connections import open_connection
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.migrator.session.session import Session
from sst.migrator.session.signals import Interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.migrator.ledger.writer import Ledger
    from sst.migrator.values.context import Context
    from sst.migrator.values.options import RunOptions

log = logging.getLogger("sst.migrate")

_FIND_OUT = (
    "when the server answers, `python migrate.py check` says where the database is; "
    "`python migrate.py runs list` has the run"
)


@contextlib.contextmanager
def locked_command(
    context: Context,
    run_id: str,
    options: RunOptions,
    *,
    unknown: str,
    touched: str = "nothing was touched",
    close_dead_runs: bool = True,
) -> Iterator[Session]:
    """Hold the run's lock for a command that runs no revision, in the environment that it may.

    *unknown* says what is not known when a second signal ends the process, *touched* what is
    changed when the body breaks off; *close_dead_runs* is that of `locked_session`.
    Raises what `locked_session` raises, `EnvironmentMismatchError`, and for a signal, a silent
    server and the driver an error that a user can read.
    """
    with (
        translate_driver_errors(context.redact, touched=touched, role=context.url.role),
        watch_signals(context, lambda: unknown) as interrupts,
        locked_session(
            context, run_id, options, interrupts, close_dead_runs=close_dead_runs
        ) as session,
    ):
        session.guard_environment(options)
        yield session


@contextlib.contextmanager
def locked_session(
    context: Context,
    run_id: str,
    options: RunOptions,
    interrupts: Interrupts,
    *,
    close_dead_runs: bool = True,
) -> Iterator[Session]:
    """Connect, take the lock, and give both back at the end.

    Runs that died are marked so, unless *close_dead_runs* is off.
    *interrupts* gets the number of the server process that a signal must cancel, and ends the
    run when the server has been silent for too long.
    Raises `LockBusyError` when another run has the lock for longer than *options* wait.
    """
    lock_wait_seconds = options.lock_wait(context.settings.lock_wait)
    with interrupts.unmasked():
        session = Session(context, run_id, lock_wait_seconds, interrupts)
        try:
            session.connect()
            session.take_lock(lock_wait_seconds)
            if close_dead_runs:
                session.closed_runs = _close_dead_runs(session.ledger)
            yield session
        finally:
            session.close()


def watch_signals(context: Context, unknown: Callable[[], str]) -> Interrupts:
    """Return what watches for signals; *unknown* says what is not known at the second one."""

    def last_words(number: int) -> None:
        error = InterruptedRunError(number, why=unknown(), next_step=_FIND_OUT)
        error.what = f"{error.what[:-1]} a second time: the process ends at once."
        context.last_words(error)

    return Interrupts(lambda pids: _cancel_backends(context, pids), last_words)


def _cancel_backends(context: Context, pids: frozenset[int]) -> None:
    """Ask the server to cancel what the processes *pids* are doing."""
    with open_connection(context, "sst-cancel", autocommit=True) as connection:
        for pid in pids:
            connection.execute(text("select pg_cancel_backend(:pid)"), {"pid": pid})


def _close_dead_runs(ledger: Ledger) -> frozenset[str]:
    """Mark the runs that died, and say so; return their ids."""
    dead = ledger.dead_runs()
    for run in dead:
        log.warning(
            "run %s (%s, started %s) %s", run.id, run.words, rfc3339(run.started_at), run.ended
        )
    ledger.mark_interrupted(dead)
    return frozenset(run.id for run in dead)
