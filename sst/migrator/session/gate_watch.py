"""Names the gate that a run waits for: in the log, and on record for those who wait for the run.

A gate has no deadline, so one that hangs would be a run that says nothing. A thread looks now and
then; a quick gate costs no statement.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from sst.errors import SstError
from sst.hooks.contract.events import rfc3339
from sst.migrator.session.connections import open_connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import Connection

    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

_INTERVAL_SECONDS = 0.5
_NOTED_AFTER_SECONDS = 1.0
_TOLD_AFTER_SECONDS = (5.0, 15.0, 30.0, 60.0, 120.0)
_TOLD_EVERY_SECONDS = 300.0
_JOIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class GateCall:
    """The gate of one plugin, entered and not left."""

    hook: str
    plugin: str
    since: datetime
    started: float
    """As `time.monotonic` has it."""


class GateWatch:
    """Names what `during` is in, while it is entered; on record too when *run_id* has a row."""

    def __init__(self, context: Context, run_id: str | None = None) -> None:
        self._context = context
        self._run_id = run_id
        self._call: GateCall | None = None
        self._noted: GateCall | None = None
        self._told: tuple[GateCall | None, int] = (None, 0)
        self._door = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="gate-watch", daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join(_JOIN_SECONDS)

    @contextmanager
    def during(self, hook: str, plugin: str) -> Iterator[None]:
        """Say that the body is *hook* of *plugin*."""
        self._call = GateCall(hook, plugin, datetime.now(UTC), time.monotonic())
        try:
            yield
        finally:
            self._call = None

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Connect to nothing while the body lasts: the run is aside."""
        with self._door:
            yield

    def _look(self) -> None:
        while not self._over.wait(_INTERVAL_SECONDS):
            self._tell(self._call)
            self._note(self._call)
        self._note(None)

    def _tell(self, call: GateCall | None) -> None:
        if call is None:
            return
        told, count = self._told
        if told is not call:
            count = 0
        seconds = time.monotonic() - call.started
        if seconds >= told_after(count):
            count += 1
            log.info("waiting for %s of plugin %s since %.0f s", call.hook, call.plugin, seconds)
        self._told = (call, count)

    def _note(self, call: GateCall | None) -> None:
        """Write what changed since the last look; what cannot be written is in the log only."""
        if call and time.monotonic() - call.started < _NOTED_AFTER_SECONDS:
            call = None
        if call is self._noted or self._run_id is None or not self._door.acquire(blocking=False):
            return
        try:
            with (
                suppress(SstError, SQLAlchemyError),
                open_connection(self._context, "sst-gate", autocommit=True) as connection,
            ):
                _note_gate(connection, self._run_id, _as_json(call))
                self._noted = call
        finally:
            self._door.release()


def told_after(count: int) -> float:
    """Return the seconds of waiting after which a line is due when there were *count*."""
    later = count + 1 - len(_TOLD_AFTER_SECONDS)
    return _TOLD_AFTER_SECONDS[count] if later <= 0 else later * _TOLD_EVERY_SECONDS


def _note_gate(connection: Connection, run_id: str, gate: Mapping[str, str] | None) -> None:
    """Write which gate of a plugin the run waits for, or that it waits for none."""
    statement = text("""
        update migrator.run set gate = cast(:gate as jsonb) where id = :id
    """)
    connection.execute(statement, {"id": run_id, "gate": json.dumps(gate) if gate else None})


def _as_json(call: GateCall | None) -> dict[str, str] | None:
    if call is None:
        return None
    return {"hook": call.hook, "plugin": call.plugin, "since": rfc3339(call.since)}
