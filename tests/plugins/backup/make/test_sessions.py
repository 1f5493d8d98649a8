"""No pg_dump outlives its call: it holds locks on every table."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from plugins.backup.make import mvcc_snapshot
from plugins.backup.postgres import process
from tests.support.backups import (
    DUMP_SESSIONS,
    backup_plugin,
    becomes_true,
    fetch,
    left_in,
    vetoed,
)
from tests.support.pg_tools import wrapped
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run


def test_wait_for_a_table_ends_at_the_timeout(run: Run, filled: str, tmp_path: Path) -> None:
    """Somebody else has it locked; our session must not stay behind."""
    with closing(connect(filled)) as blocker, blocker.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE")

        veto = vetoed(run, timeout_seconds=1.0)

        assert veto.reason == "locking the tables was not done after 1 s"
        assert "timeout_seconds" in veto.hint
        assert left_in(tmp_path) == []
        assert becomes_true(lambda: fetch(filled, DUMP_SESSIONS) == [(0,)])


@pytest.mark.external
def test_locked_table_is_not_waited_for_for_ever(
    run: Run, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mvcc_snapshot, "_LOCK_WAIT_SECONDS", 1)
    with closing(connect(filled)) as blocker, blocker.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE")

        veto = vetoed(run)

        holder = f"public.note is locked by process {blocker.info.backend_pid}"
        assert veto.reason == f"no backup: canceling statement due to lock timeout: {holder}"
        assert "end the session" in veto.hint
        assert left_in(tmp_path) == []


def test_pg_dump_that_ignores_sigterm_is_killed_with_its_children(
    run: Run, tmp_path: Path, real: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Children of the leader hold the write end: the pipe is at its end when all are gone."""
    monkeypatch.setattr(process, "_GRACE_SECONDS", 0.1)
    begun = tmp_path / "begun"
    left = property(lambda _: 0.0 if begun.exists() else 600.0)
    monkeypatch.setattr(process.Deadline, "left", left)
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    body = f"trap '' TERM; exec 9>'{pipe}'; sleep 600 & touch '{begun}'; sleep 600"

    veto = vetoed(run, pg_bin=wrapped(tmp_path / "bin", real, body), timeout_seconds=1.0)

    assert veto.reason == "no backup: pg_dump was not done after 1 s"
    assert becomes_true(lambda: _is_at_end(reader))
    os.close(reader)


class StoppedError(BaseException):
    """What the signal handler raises."""


@contextmanager
def interrupted_when(claim: Callable[[], bool]) -> Iterator[None]:
    """Raise `StoppedError` in the main thread, as the core does on SIGTERM, once *claim* holds.

    Only where it waits: what is raised in a destructor goes nowhere.
    """
    stopped = threading.Event()

    def stop(_: int, frame: FrameType | None) -> None:
        if not stopped.is_set() and _is_waiting(frame):
            stopped.set()
            raise StoppedError

    def interrupt() -> None:
        becomes_true(claim)
        while not stopped.wait(0.05):
            os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, stop)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(StoppedError):
            yield
    finally:
        stopped.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)


def _is_waiting(frame: FrameType | None) -> bool:
    """Say whether the innermost function waits, for a thread or for a program."""
    return frame is not None and frame.f_code.co_name in ("wait", "select")


def test_signal_ends_the_wait_for_a_table(run: Run, filled: str, tmp_path: Path) -> None:
    """Libpq waits in C: a handler would run when the server has answered, after a minute."""
    waits = f"{DUMP_SESSIONS} and wait_event_type = 'Lock'"
    with closing(connect(filled)) as blocker, blocker.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE")

        with interrupted_when(lambda: fetch(filled, waits) == [(1,)]):
            backup_plugin().pre_migrate(run)

        assert left_in(tmp_path) == []
        assert becomes_true(lambda: fetch(filled, DUMP_SESSIONS) == [(0,)])


def test_interrupted_run_ends_pg_dump_and_removes_its_file(
    run: Run, filled: str, tmp_path: Path, real: Tools
) -> None:
    begun = tmp_path / "begun"
    body = f"touch '{begun}'; echo partial >\"$FILE\"; exec sleep 600"

    with interrupted_when(begun.exists):
        backup_plugin(pg_bin=wrapped(tmp_path / "bin", real, body)).pre_migrate(run)

    assert left_in(tmp_path) == []
    assert becomes_true(lambda: fetch(filled, DUMP_SESSIONS) == [(0,)])


def _is_at_end(reader: int) -> bool:
    try:
        return os.read(reader, 1) == b""
    except BlockingIOError:
        return False
