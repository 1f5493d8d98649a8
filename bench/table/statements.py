"""Statements and sessions of commands with nothing to do, counted in the log of a server."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.table.rows import NotMeasuredError, Result, Row
from bench.table.turns import run
from plugins.embedded_postgres.binaries import find_installation
from plugins.embedded_postgres.server import Server
from tests.support.server import TestServer, connect, temporary_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.table.place import Place
    from bench.table.turns import Command

_REVISIONS = 10
_THEIRS = "(beside it: `alembic current`)"
_GOALS = {"check": (8, 1), "current": (4, 1)}
_ROWS = {
    command: (
        Row(
            f"statements-{command}",
            f"statements of `{command}` with nothing to do",
            _THEIRS,
            many,
            "",
        ),
        Row(
            f"sessions-{command}", f"sessions of `{command}` with nothing to do", _THEIRS, few, ""
        ),
    )
    for command, (many, few) in _GOALS.items()
}
ROWS: tuple[Row, ...] = tuple(row for pair in _ROWS.values() for row in pair)
_LOGGING = {
    "log_line_prefix": "'bench %c '",
    "log_statement": "'all'",
    "log_connections": "'on'",
}
_SENT = re.compile(r"^bench (\S+) LOG:  (statement|execute|connection authorized)", re.MULTILINE)
_LOGGED = (("on",), ("receipt,authentication,authorization",))
_RELOAD_SECONDS = 30.0
_EARLIER = 5
"""An answer is kept when it was given a few times, and no file is as young as the call."""


def measure(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Count what is sent by the commands of *rows*, and by `alembic current` beside them."""
    if not rows:
        return
    with _logging_server() as (server, log), contextlib.ExitStack() as stack:
        there = contextlib.nullcontext(server)
        counting = replace(place, open_server=lambda: there, stack=stack)
        url = counting.at_head(_REVISIONS)
        theirs = _count(log, counting.alembic(_REVISIONS, url, "current"))
        for command, (statements, sessions) in _ROWS.items():
            if statements in rows or sessions in rows:
                ours = _count(log, counting.ours(_REVISIONS, url, command))
                pairs = zip((statements, sessions), ours, theirs, strict=True)
                for row, count, other in pairs:
                    yield Result(row, value=count, ours=count, theirs=other)


def _count(log: Path, command: Command) -> tuple[int, int]:
    """Return how many statements *command* sends when it runs again, and in how many sessions."""
    for _ in range(_EARLIER):
        run(command)
    before = log.stat().st_size
    run(command)
    with log.open("rb") as file:
        file.seek(before)
        return count_sent(file.read().decode(errors="replace"))


def count_sent(log: str) -> tuple[int, int]:
    """Return how many statements the lines of *log* tell of, and how many sessions."""
    sent = _SENT.findall(log)
    statements = [session for session, kind in sent if kind != "connection authorized"]
    return len(statements), len({session for session, _ in sent})


@contextlib.contextmanager
def _logging_server() -> Iterator[tuple[TestServer, Path]]:
    """Run a server for this alone, which logs every statement; yield it with its log."""
    place = temporary_place()
    embedded = Server(place, find_installation().usable_by(place.account), durable=False)
    embedded.join(timeout_seconds=60)
    try:
        url = embedded.database_url("postgres")
        with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
            for name, value in _LOGGING.items():
                cursor.execute(f"alter system set {name} = {value}")
            cursor.execute("select pg_reload_conf()")
        _await_logging(url)
        yield TestServer(url), place.log
    finally:
        embedded.leave()
        shutil.rmtree(place.folder)


def _await_logging(url: str) -> None:
    deadline = time.monotonic() + _RELOAD_SECONDS
    while time.monotonic() < deadline:
        with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("show log_connections")
            if cursor.fetchone() in _LOGGED:
                return
        time.sleep(0.05)
    raise NotMeasuredError("the server does not log its statements")
