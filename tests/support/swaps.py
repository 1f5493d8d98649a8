"""Two databases whose names are to be swapped, and clients that get in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg2

from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.restore.swap import Names
from sst.db.url import DatabaseUrl
from tests.support.backups import execute, fetch
from tests.support.forks import wait_until
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import TestServer


@dataclass(frozen=True)
class Pair:
    """A live database and the one that is to take its place; each knows its own name."""

    url: str
    names: Names

    @property
    def target(self) -> DatabaseUrl:
        """The live database's URL, as the plugin gets it."""
        return DatabaseUrl(self.url)

    def url_of(self, name: str) -> str:
        """Return the URL of the database *name* on the same server."""
        return self.target.with_database(name).reveal()

    def word_in(self, name: str) -> str:
        """Return what the database *name* was called when it was made."""
        return str(fetch(self.url_of(name), "SELECT word FROM whoami")[0][0])


@contextmanager
def pair(server: TestServer) -> Iterator[Pair]:
    """Create a pair of databases; whatever their names are then, they are dropped."""
    url = server.create_database()
    live = DatabaseUrl(url).name
    found = Pair(url, Names(live, f"{live}_fresh", f"{live}_kept"))
    execute(server.url, f"CREATE DATABASE {found.names.fresh} TEMPLATE template0")
    for name, word in ((live, "old"), (found.names.fresh, "new")):
        execute(found.url_of(name), f"CREATE TABLE whoami AS SELECT text '{word}' AS word")
    try:
        yield found
    finally:
        drop_family(server.url, live)


def drop_family(server_url: str, live: str) -> None:
    """Drop *live* and every database whose name begins with it."""
    with connected(DatabaseUrl(server_url).with_database(live)) as server:
        for name in server.names(f"^{live}"):
            server.drop(name)


def oid_of(server_url: str, name: str) -> int | None:
    """Return the number of the database *name*, which stays when it is renamed."""
    with connected(DatabaseUrl(server_url).with_database(name)) as server:
        return server.oid(name)


@dataclass
class Clients:
    """Applications that connect, ask and connect again as soon as they are thrown out."""

    url: str
    count: int = 4
    words: set[str] = field(default_factory=set)
    longest_seconds: float = 0.0
    """The longest time that one of them went without an answer."""
    _threads: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin; return when each of them has had an answer."""
        ready = threading.Barrier(self.count + 1)
        for _ in range(self.count):
            thread = threading.Thread(target=self._live, args=(ready,), daemon=True)
            self._threads.append(thread)
            thread.start()
        ready.wait(30)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Let each of them have one more answer, then end them."""
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _live(self, ready: threading.Barrier) -> None:
        waited = False
        last = time.monotonic()
        is_over = False
        while not is_over:
            is_over = self._over.is_set()
            try:
                with closing(connect(self.url)) as connection, connection.cursor() as cursor:
                    last = self._ask(cursor, last)
                    if not waited:
                        waited = bool(ready.wait(30)) or True
                        last = time.monotonic()
                    while not self._over.is_set():
                        last = self._ask(cursor, last)
            except psycopg2.Error:
                is_over = False

    def _ask(self, cursor: psycopg2.extensions.cursor, last: float) -> float:
        cursor.execute("SELECT word FROM whoami")
        self.words.add(cursor.fetchall()[0][0])
        now = time.monotonic()
        self.longest_seconds = max(self.longest_seconds, now - last)
        return now


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop the server process *pid*: it ends for nobody until the block is left."""
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: _state_of(pid).startswith("T"), "the process has stopped")
        yield
    finally:
        # Somebody may have ended it meanwhile.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _state_of(pid: int) -> str:
    """Return the letter of the process's state; minimal systems have no `ps`, macOS no /proc."""
    status = Path(f"/proc/{pid}/stat")
    if status.exists():
        return status.read_text().rpartition(")")[2].split()[0]
    command = ["ps", "-o", "state=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def set_open(url: str, name: str, *, is_open: bool) -> None:
    """Let connections into the database *name*, or none."""
    with connected(DatabaseUrl(url).with_database(name)) as server:
        server.execute(f"ALTER DATABASE {{}} ALLOW_CONNECTIONS {is_open}", name)
