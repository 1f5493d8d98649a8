"""A server of the test's own that may be stopped, frozen, restarted and filled up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from plugins.embedded_postgres import cluster
from plugins.embedded_postgres.account import process_options
from plugins.embedded_postgres.binaries import Installation, find_installation
from plugins.embedded_postgres.sockets import socket_folder
from tests.support.server import TestServer, temporary_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from plugins.embedded_postgres.place import Place


@dataclass(frozen=True, slots=True)
class HurtServer:
    """A PostgreSQL that pg_ctl looks after; it listens on a socket in its own folder."""

    place: Place
    installation: Installation

    @property
    def databases(self) -> TestServer:
        """The server as the place of fresh databases."""
        folder = quote(str(socket_folder(self.place)), safe="/")
        return TestServer(f"postgresql://postgres@/postgres?host={folder}&port=5432")

    def start(self) -> None:
        """Start it and return when it accepts connections."""
        folder = socket_folder(self.place)
        options = f"-c listen_addresses='' -c fsync=off -c unix_socket_directories='{folder}'"
        self._pg_ctl("start", "-l", str(self.place.folder / "data" / "log"), "-o", options)

    def stop(self) -> None:
        """Stop it at once, as a crash does; every session dies."""
        self._pg_ctl("stop", "-m", "immediate")

    def restart(self) -> None:
        """Crash it and start it again; it recovers from its log."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop every process of it: the kernel still answers for it, and nobody else does."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        """Whether its first process lives."""
        return (self.place.data / "postmaster.pid").exists()

    def folder(self, name: str) -> Path:
        """Return an empty folder that the server may write to."""
        made = self.place.folder / name
        made.mkdir()
        if self.place.account:
            os.chown(made, self.place.account.uid, self.place.account.gid)
        return made

    def _signal(self, number: signal.Signals) -> None:
        first = int((self.place.data / "postmaster.pid").read_text().split()[0])
        for process_id in (first, *_children(first)):
            with suppress(ProcessLookupError):
                os.kill(process_id, number)

    def _pg_ctl(self, *words: str) -> None:
        subprocess.run(
            [self.installation.program("pg_ctl"), "-D", str(self.place.data), "-w", *words],
            check=True,
            cwd="/",
            env=cluster.program_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=60,
            **process_options(self.place.account),
        )


@contextmanager
def hurt_server() -> Iterator[HurtServer]:
    """Run a server in a temporary place; stopped and removed at the end, however it is then."""
    place = temporary_place()
    server = HurtServer(place, find_installation().usable_by(place.account))
    cluster.ensure(place, server.installation, durable=False)
    server.start()
    try:
        yield server
    finally:
        if server.is_running:
            server.thaw()
            server.stop()
        shutil.rmtree(place.folder)


def _children(process_id: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=True, text=True
    )
    pairs = [line.split() for line in done.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == process_id]
