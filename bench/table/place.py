"""The server, the databases and the generated projects of one call; all of it goes at its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from sqlalchemy.engine import make_url

from bench.table.rows import NotMeasuredError
from bench.table.turns import Command, run
from plugins.embedded_postgres.binaries import find_installation
from plugins.embedded_postgres.server import Server
from tests.support.server import TestServer, connect, temporary_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

ROOT = Path(__file__).parent.parent.parent
WITHOUT_BACKUP = ("--no-plugin", "backup")
_PARTS = ("sst", "app", "plugins", "alembic", "migrate.py", "settings.toml", "pyproject.toml")
_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
# The newest of the product's own revisions, below those that are generated.
_PRODUCT_HEAD = "7c15a0e6f2d4"
_REVISION = '''"""Select {number}."""

from alembic import op

revision = "{revision}"
down_revision = "{below}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Select."""
    op.execute("select {number}")


def downgrade() -> None:
    """Select."""
    op.execute("select {number}")
'''
_INI = """
[alembic]
script_location = {folder}/alembic
sqlalchemy.url = {url}
"""


@dataclass
class Place:
    """Where one call measures: *python* has the packages of requirements.lock.

    *pg_bin* holds other client programs. No row has more than *most_turns*, and a call that
    *is_quick* has little data.
    *open_server* is asked for the server when it is needed first; *stack* ends it.
    """

    python: Path
    folder: Path
    most_turns: int
    is_quick: bool
    pg_bin: Path | None
    open_server: Callable[[], AbstractContextManager[TestServer]]
    stack: contextlib.ExitStack

    def turns(self, number: int) -> int:
        """Return how many turns are measured where a thorough call has *number*."""
        return min(number, self.most_turns)

    @cached_property
    def server(self) -> TestServer:
        """The server of DATABASE_URL, else an embedded one that is started for this call."""
        try:
            return self.stack.enter_context(self.open_server())
        except psycopg2.Error as error:
            raise NotMeasuredError(str(error).partition("\n")[0]) from error

    @property
    def server_version(self) -> dict[str, str]:
        """The server's version, by its name; empty when no row has needed a server."""
        if "server" not in self.__dict__:
            return {}
        with contextlib.closing(connect(self.server.url)) as connection:
            number = connection.server_version
        return {"PostgreSQL": f"{number // 10000}.{number % 10000}"}

    def database(self, template: str | None = None) -> str:
        """Create an empty database, or a copy of the one of the URL *template*; return its URL."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        source = make_url(template).database if template else "template0"
        url = make_url(self.server.url).set(database=name).render_as_string(hide_password=False)
        self.stack.callback(self.drop, url)
        self._execute(f'create database "{name}" template "{source}"')
        return url

    def drop(self, url: str) -> None:
        """Drop a database that `database` has made."""
        self._execute(f'drop database if exists "{make_url(url).database}" with (force)')

    def project(self, revisions: int) -> Path:
        """Return a project with so many revisions: the product, and trivial ones on top.

        It is made at the first call, with its byte code.
        """
        folder = self.folder / f"project-{revisions}"
        if not folder.exists():
            shutil.copytree(self.product, folder)
            _write_revisions(folder / "alembic" / "versions", revisions)
            self._compile(folder)
        return folder

    @cached_property
    def product(self) -> Path:
        """The product as it was when it was needed first, with its byte code.

        Everything that is measured is a copy of it: the checkout may change meanwhile.
        """
        folder = self.folder / "product"
        folder.mkdir()
        for name in _PARTS:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                shutil.copy2(source, folder / name)
        self._compile(folder)
        return folder

    def _compile(self, folder: Path) -> None:
        compiling = (str(self.python), "-m", "compileall", "-q", ".")
        run(Command(compiling, folder, self.variables()))

    def at_head(self, revisions: int) -> str:
        """Return the URL of a database that our `upgrade` of that project has brought to its head.

        It is made at the first call; whoever changes it takes a copy.
        """
        if revisions not in self._heads:
            url = self.database()
            run(self.ours(revisions, url, "upgrade", *WITHOUT_BACKUP))
            self._heads[revisions] = url
        return self._heads[revisions]

    def ours(self, revisions: int, url: str, *words: str) -> Command:
        """Return `migrate.py` with *words*, in the project of so many revisions."""
        program = (str(self.python), "migrate.py", *words)
        return Command(program, self.project(revisions), self.variables(url))

    def alembic(self, revisions: int, url: str, *words: str) -> Command:
        """Return `alembic` with *words* on the same revisions and the same `env.py`."""
        folder = self.project(revisions)
        name = f"{revisions}-{make_url(url).database}.ini"
        ini = self.folder / name
        if not ini.exists():
            escaped = url.replace("postgresql://", "postgresql+psycopg2://", 1).replace("%", "%%")
            ini.touch(mode=0o600)  # the URL may hold a password
            ini.write_text(_INI.format(folder=folder, url=escaped))
        program = (str(self.python), "-m", "alembic", "--config", str(ini), *words)
        return Command(program, folder, self.variables())

    def python_code(self, code: str, folder: Path, url: str = "") -> Command:
        """Return an interpreter of the environment that runs *code* in *folder*."""
        return Command((str(self.python), "-c", code), folder, self.variables(url))

    @cached_property
    def _heads(self) -> dict[int, str]:
        return {}

    def variables(self, url: str = "") -> dict[str, str]:
        """Return what a command on *url* sees: nothing that the shell has for other work."""
        kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        own = {"ENV_FOR_DYNACONF": "production", "XDG_CACHE_HOME": str(self.folder / "cache")}
        return kept | own | ({"DATABASE_URL": url} if url else {})

    def _execute(self, statement: str) -> None:
        try:
            connecting = contextlib.closing(connect(self.server.url))
            with connecting as connection, connection.cursor() as cursor:
                cursor.execute(statement)
        except psycopg2.Error as error:
            raise NotMeasuredError(str(error).partition("\n")[0]) from error


@contextlib.contextmanager
def prepare(
    python: Path, *, most_turns: int, is_quick: bool, pg_bin: Path | None
) -> Iterator[Place]:
    """Yield the place of one call; databases, projects and a server of our own go at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sst-bench-")).resolve()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield Place(python, folder, most_turns, is_quick, pg_bin, server, stack)


@contextlib.contextmanager
def server() -> Iterator[TestServer]:
    """Use the server of DATABASE_URL, else an embedded one that loses nothing in a crash."""
    if given := os.environ.get("DATABASE_URL"):
        connect(given).close()
        yield TestServer(given)
        return
    place = temporary_place()
    embedded = Server(place, find_installation().usable_by(place.account), durable=True)
    embedded.join(timeout_seconds=60)
    try:
        yield TestServer(embedded.database_url("postgres"))
    finally:
        embedded.leave()
        shutil.rmtree(place.folder)


def revision_id(number: int) -> str:
    """Return the id of the generated revision that is the *number*th of its project."""
    return f"{number:012x}"


def _write_revisions(versions: Path, revisions: int) -> None:
    """Write trivial revisions above the product's, so that there are so many altogether."""
    below = _PRODUCT_HEAD
    for number in range(len(list(versions.glob("*.py"))) + 1, revisions + 1):
        revision = revision_id(number)
        text = _REVISION.format(number=number, revision=revision, below=below)
        (versions / f"20261001_expand_select_{number:05}.py").write_text(text)
        below = revision
