"""The PostgreSQL servers that tests run against, and fresh databases on them."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from sqlalchemy.engine import make_url

from plugins.embedded_postgres.account import server_account
from plugins.embedded_postgres.binaries import find_installation
from plugins.embedded_postgres.place import Place
from plugins.embedded_postgres.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class


@dataclass(frozen=True, slots=True)
class TestServer:
    """A running server, named by the URL of its maintenance database."""

    __test__ = False

    url: str

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drop the database of *url*, and the sessions that linger in it."""
        self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)


def connect(url: str) -> Connection:
    """Return a psycopg2 connection to *url* in autocommit; the caller closes it."""
    parsed = make_url(url).set(drivername="postgresql")
    connection = psycopg2.connect(parsed.render_as_string(hide_password=False))
    connection.autocommit = True
    return connection


@contextmanager
def embedded_server() -> Iterator[TestServer]:
    """Run a server of our own in a temporary place; stopped and removed at the end."""
    place = temporary_place()
    server = Server(place, find_installation().usable_by(place.account), durable=False)
    server.join(timeout_seconds=60)
    try:
        yield TestServer(server.database_url("postgres"))
    finally:
        server.leave()
        shutil.rmtree(place.folder)


def temporary_place() -> Place:
    """Return a place that the server's account can reach: as root, pytest's tmp_path is not."""
    folder = Path(tempfile.mkdtemp(prefix="sst-test-")).resolve()
    account = server_account()
    if account:
        folder.chmod(0o755)
    return Place(folder, account)
