"""Other sessions on a project's database: readers that idle, writers that hold locks."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from psycopg2.errors import QueryCanceled

from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

    from tests.support.project import Project


@dataclass
class OtherSession:
    """One session in an open transaction; `end` commits it, `pid` is its server process."""

    _connection: Connection
    pid: int

    def execute(self, sql: str) -> None:
        """Run *sql* in the session's transaction."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql)

    def execute_cancelled(self, sql: str) -> None:
        """Run *sql*, which the test cancels."""
        with suppress(QueryCanceled):
            self.execute(sql)

    def end(self) -> None:
        """Commit: the locks are free."""
        self.execute("commit")


@contextmanager
def other_session(project: Project, sql: str, application: str = "") -> Iterator[OtherSession]:
    """Open a transaction that has run *sql* and idles; it is over when the block is left."""
    with closing(connect(project.database_url)) as connection:
        session = OtherSession(connection, connection.info.backend_pid)
        session.execute(f"set application_name = '{application}'")
        session.execute("begin")
        session.execute(sql)
        yield session


class Stalls:
    """Runs *sql* again and again on a session of its own and remembers how long each took."""

    def __init__(self, project: Project, sql: str) -> None:
        self._project = project
        self._sql = sql
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._load, daemon=True)
        self.seconds: list[float] = []

    def __enter__(self) -> Self:
        """Begin the load."""
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End the load."""
        self._over.set()
        self._thread.join(60)

    def _load(self) -> None:
        with closing(connect(self._project.database_url)) as connection:
            cursor = connection.cursor()
            while not self._over.wait(0.01):
                started = time.monotonic()
                cursor.execute(self._sql)
                self.seconds.append(time.monotonic() - started)
