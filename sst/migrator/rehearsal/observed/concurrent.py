"""The locks of a statement that runs in no transaction block, such as CREATE INDEX CONCURRENTLY.

It would be over before anybody can look. So a session holds an older snapshot and reads its
tables: the statement waits for that session, another one looks at its locks, and lets it go on.
"""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sst.db.sql_tokens import called, statements
from sst.migrator.rehearsal.observed.catalogue import touched
from sst.within import ThreadedWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection

    from sst.migrator.rehearsal.observed.catalogue import Relation

    Connect = Callable[[], AbstractContextManager[Connection]]

_LOOK_SECONDS = 0.02
_END_SECONDS = 5.0
_WAITS = "select count(*) from pg_locks where pid = {pid} and not granted"
_START = r"^(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_IN_NO_BLOCK = re.compile(
    r"\bconcurrently\b|" + _START + r"(vacuum|cluster\s*(\(.*\))?\s*;?\s*$|reindex\s+(\(.*\)\s*)?"
    r"(schema|database|system)|(create|drop)\s+(database|tablespace|subscription)"
    r"|alter\s+(system|database|subscription)|call|do|begin|start|commit|end|abort|rollback)\b",
    re.IGNORECASE | re.DOTALL,
)
_REFRESH = re.compile(_START + r"refresh\b", re.IGNORECASE | re.DOTALL)
_CONCURRENTLY = re.compile(r"\bconcurrently\b", re.IGNORECASE)


def fits_no_block(statement: str) -> bool:
    """Say whether *statement* cannot run in a transaction block, or may end it itself."""
    return _IN_NO_BLOCK.search(statement) is not None and not _REFRESH.match(statement)


def can_be_held_up(statement: str) -> bool:
    """Say whether *statement* waits for older transactions, so that its locks can be seen."""
    return _CONCURRENTLY.search(statement) is not None


class HeldUp:
    """The locks of one statement of the session *pid*, seen while it waits for another one."""

    def __init__(self, connect: Connect, pid: int) -> None:
        self._connect = connect
        self._pid = pid
        self._is_over = threading.Event()
        self.modes: dict[int, frozenset[str]] = {}
        """By relation."""

    @contextmanager
    def looking(self, statement: str, known: Mapping[int, Relation]) -> Iterator[None]:
        """Hold *statement* up in the body, look, and let it go on; *known* are all relations."""
        with ExitStack() as stack:
            holder = stack.enter_context(self._connect())
            holder.exec_driver_sql("begin isolation level repeatable read")
            holder.exec_driver_sql("select count(*) from pg_class")
            for name in sorted(_named(statement, known)):
                holder.exec_driver_sql(f"lock table {name} in access share mode")
            work = ThreadedWork(lambda: self._look(holder), name="sst-rehearsal").start()
            try:
                yield
            finally:
                self._is_over.set()
                failure = work.failure(_END_SECONDS)
            if failure:
                raise failure

    def _look(self, holder: Connection) -> None:
        try:
            with self._connect() as looker:
                waits = _WAITS.format(pid=self._pid)
                while not self._is_over.wait(_LOOK_SECONDS):
                    if looker.exec_driver_sql(waits).scalar_one():
                        self.modes = touched(looker, self._pid).modes
                        return
        finally:
            holder.exec_driver_sql("rollback")


def _named(statement: str, known: Mapping[int, Relation]) -> set[str]:
    """Return the tables that *statement* names, or an index of which it names."""
    words = {word for tokens in statements(statement) for word in called(tokens)}
    tables = {each.name for each in known.values() if each.kind in {"r", "p"}}
    return tables.intersection(
        each.table or each.name for each in known.values() if each.bare in words
    )
