"""A project in production, with a database of its own, that is driven on a terminal."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from tests.support.project import REPOSITORY
from tests.support.server import connect, embedded_server
from tests.support.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = 80
SHOWN_ROOT = "/srv/sst"
_COPIED = ("app", "alembic", "settings.toml", ".secrets.toml.example", "migrate.py")


@dataclass(frozen=True, slots=True)
class Stage:
    """A project in production, with a database of its own."""

    root: Path
    url: str

    @contextmanager
    def started(self, *words: str, **environ: str) -> Iterator[Terminal]:
        """Run `python migrate.py WORDS` on a terminal."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with Terminal(
            [sys.executable, "migrate.py", *words],
            environ={
                **kept,
                "ENV_FOR_DYNACONF": "production",
                "DATABASE_URL": self.url,
                "PYTHONPATH": str(REPOSITORY),
                **environ,
            },
            folder=self.root,
            columns=COLUMNS,
        ) as terminal:
            yield terminal

    def screen(self, *words: str, **environ: str) -> Text:
        """Return what `python migrate.py WORDS` leaves on the terminal."""
        with self.started(*words, **environ) as terminal:
            terminal.finish()
            return with_command(words, terminal.styled())

    def at(self, database: str) -> Stage:
        """Return the same project with another *database* of the server."""
        return replace(self, url=f"{self.url.rpartition('/')[0]}/{database}")

    def query(self, sql: str) -> None:
        """Run *sql* on the database."""
        with closing(connect(self.url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(sql)


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Give a stage on an embedded server; it is gone afterwards."""
    # As long as the name that is shown: what is beside it stays where it was.
    root = Path("/tmp") / secrets.token_urlsafe(2)[: len(SHOWN_ROOT) - len("/tmp/")]  # noqa: S108
    root.mkdir()
    try:
        for name in _COPIED:
            _copy(REPOSITORY / name, root / name)
        with embedded_server() as server:
            yield from _served(root, server.create_database())
    finally:
        shutil.rmtree(root)


def _served(root: Path, url: str) -> Iterator[Stage]:
    """Give the stage with the database of *url*, renamed, behind a port of its own."""
    from sqlalchemy.engine import make_url

    target = make_url(url)
    with closing(connect(url.replace(f"/{target.database}", "/postgres", 1))) as connection:
        cursor = connection.cursor()
        cursor.execute(f'alter database "{target.database}" rename to sst_platform')
        cursor.execute("create role sst superuser login")
    path = f"{target.query['host']}/.s.PGSQL.{target.query.get('port', 5432)}"
    with _forwarded(path) as port:
        yield Stage(root, f"postgresql://sst@127.0.0.1:{port}/sst_platform")


@contextmanager
def _forwarded(path: str) -> Iterator[int]:
    """Lead connections to a port of this machine to the socket *path*; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, path), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, path: str) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    while piece := _received(source):
        try:
            target.sendall(piece)
        except OSError:
            break
    for each in (source, target):
        each.close()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def with_command(words: tuple[str, ...], screen: Text) -> Text:
    """Return *screen* below the command line of *words*."""
    return Text.assemble(("$ ", "dim"), f"python migrate.py {' '.join(words)}\n", screen)
