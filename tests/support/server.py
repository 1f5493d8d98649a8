"""The session's own PostgreSQL server; databases on it are the kit's."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from plugins.embedded_postgres.account import server_account
from plugins.embedded_postgres.binaries import find_installation
from plugins.embedded_postgres.place import Place
from plugins.embedded_postgres.server import Server
from sst.testing.project.server import TestServer, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TestServer", "connect", "embedded_server", "temporary_place"]

_MEMORY = Path("/dev/shm")  # noqa: S108 - the names in it are mkdtemp's
_ROOM_BYTES = 4 * 2**30


@contextmanager
def embedded_server() -> Iterator[TestServer]:
    """Run a server of our own in a temporary place; stopped and removed at the end."""
    place = temporary_place()
    server = Server(place, find_installation().usable_by(place.account), durable=False)
    server.join(timeout_seconds=60)
    try:
        yield TestServer(server.database_url("postgres"), is_durable=False)
    finally:
        server.leave()
        shutil.rmtree(place.folder)


def temporary_place() -> Place:
    """Return a place that the server's account can reach: as root, pytest's tmp_path is not.

    In memory where there is room: a new database, three hundred files, takes a tenth of the time.
    """
    folder = Path(tempfile.mkdtemp(prefix="sst-test-", dir=_memory())).resolve()
    account = server_account()
    if account:
        folder.chmod(0o755)
    return Place(folder, account)


def _memory() -> Path | None:
    """Return the folder that lies in memory, where the system has a large one."""
    is_there = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return _MEMORY if is_there and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES else None
