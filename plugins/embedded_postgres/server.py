"""One embedded server: made when missing, started when it does not run, shared when it does."""

from __future__ import annotations

import logging
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from sst.hooks import DatabaseUnreachableError, first_line

from . import cluster, launch, lease, postmaster
from .problems import unusable
from .sockets import socket_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .binaries import Installation
    from .place import Place

_log = logging.getLogger("sst.plugins.embedded_postgres")
_PAUSE_SECONDS = 0.05
_ORPHANS = "pre-existing shared memory block"


@dataclass(frozen=True, slots=True)
class Server:
    """The server of one *place*, run with one *installation*.

    A server that is not *durable* is faster and loses its data when the machine crashes.
    """

    place: Place
    installation: Installation
    durable: bool

    def join(self, timeout_seconds: float) -> None:
        """Use the server until this process ends; start it when it does not run.

        Raises `ConfigError` when its files cannot be used, `DatabaseUnreachableError` when it
        does not start within *timeout_seconds*.
        """
        self.place.make()
        with self._usable_files(), lease.starting(self.place):
            lease.hold(self.place)
            level = logging.DEBUG if self._accepts() else logging.INFO
            try:
                cluster.ensure(self.place, self.installation, durable=self.durable)
                self._ensure_running(timeout_seconds)
            except BaseException:
                lease.release(self.place)
                raise
        # Every command would say it again.
        _log.log(level, "embedded PostgreSQL %d: %s", self.installation.major, self._where())

    def leave(self) -> None:
        """Stop using the server before the process ends; the last user stops it."""
        lease.release(self.place)

    def database_url(self, name: str, timeout_seconds: float = 60.0) -> str:
        """Return the URL of the database *name*, which is created when it is missing.

        Raises `DatabaseUnreachableError` when the server does not answer within *timeout_seconds*.
        """
        with lease.starting(self.place):
            try:
                _create_database(self._url("postgres"), name, timeout_seconds)
            except psycopg2.OperationalError as error:
                reason = first_line(error)
                raise self._failure(f"it runs, but it does not answer ({reason})") from error
        return self._url(name)

    def _url(self, database: str) -> str:
        running = postmaster.read(self.place.data)
        if running is None:
            raise self._failure("it has stopped")
        # The port is named because PGPORT would be taken otherwise.
        folder = quote(str(running.socket_folder), safe="/")
        return f"postgresql://postgres@/{database}?host={folder}&port={postmaster.PORT}"

    def _ensure_running(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self._accepts():
            if postmaster.is_alive(self.place.data):
                self._wait(deadline, "it runs, but it does not answer")
            else:
                self._launch(deadline, timeout_seconds)

    def _launch(self, deadline: float, timeout_seconds: float) -> None:
        postmaster.forget_the_dead(self.place.data, socket_folder(self.place))
        problem = launch.start(
            self.place, self.installation, durable=self.durable, timeout_seconds=timeout_seconds
        )
        if problem is None:
            return
        if _ORPHANS not in launch.last_words(self.place):
            raise self._failure(problem)
        # A killed server's own processes notice its death within moments.
        self._wait(deadline, problem)

    def _accepts(self) -> bool:
        running = postmaster.read(self.place.data)
        return running is not None and running.accepts

    def _wait(self, deadline: float, problem: str) -> None:
        if time.monotonic() > deadline:
            raise self._failure(problem)
        time.sleep(_PAUSE_SECONDS)

    def _where(self) -> str:
        where = f"data in {self.place.data}"
        if self.place.account is None:
            return where
        return f"{where}, run by {self.place.account.name} because PostgreSQL refuses to be root"

    def _failure(self, problem: str) -> DatabaseUnreachableError:
        last = launch.last_words(self.place)
        return DatabaseUnreachableError(
            what="The embedded PostgreSQL did not start.",
            why=f"{problem}: {last}" if last else problem,
            next_step=f"read {self.place.log}; try again",
        )

    @contextmanager
    def _usable_files(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unusable(
                f"{error.filename or self.place.folder}: {error.strerror}",
                "use the server as the user who made it, or choose another directory",
            ) from error


def _create_database(url: str, name: str, timeout_seconds: float) -> None:
    with closing(psycopg2.connect(url, connect_timeout=ceil(timeout_seconds))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
