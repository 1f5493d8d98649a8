"""How long a migration stalls the application: here and with plain `alembic upgrade head`.

A table is under a steady load of point queries, a reader idles in a transaction that has read it,
and one revision alters it. The ALTER waits for the reader, and every query queues up behind the
ALTER. The longest time that any query took is the stall.

    python -m bench.stall [--hold SECONDS] [--runs N] [--set NAME=VALUE]

The server is the one of DATABASE_URL (a database is created there and dropped), else an embedded
one that is started for this.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from tests.support.server import TestServer, connect, embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parent.parent
CLIENTS = 4
ROWS = 1000

_INI = """
[alembic]
script_location = {folder}
sqlalchemy.url = {url}
"""
_ENV = """
import contextlib

from alembic import context
from sqlalchemy import create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")
connection = context.config.attributes.get("connection")
engine = create_engine(url, poolclass=pool.NullPool)
with contextlib.nullcontext(connection) if connection else engine.connect() as used:
    context.configure(connection=used)
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = """
from alembic import op

revision, down_revision = "a1", None


def upgrade():
    op.execute("alter table busy add column note text")
"""


@dataclass(frozen=True)
class Measured:
    """What one migration did to the queries that ran beside it."""

    longest_stall_seconds: float
    migration_seconds: float
    queries: int


class Load:
    """Point queries on the table, on a few sessions, as fast as they are answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.longest_seconds = 0.0
        self.queries = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Keep the load up while the block runs."""
        threads = [threading.Thread(target=self._query, daemon=True) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _query(self) -> None:
        with contextlib.closing(connect(self._url)) as connection, connection.cursor() as cursor:
            number = 0
            while not self._over.wait(0.002):
                number = number % ROWS + 1
                started = time.monotonic()
                cursor.execute("select * from busy where id = %s", (number,))
                seconds = time.monotonic() - started
                with self._lock:
                    self.longest_seconds = max(self.longest_seconds, seconds)
                    self.queries += 1


def measure(server: TestServer, command: Sequence[str], *, hold_seconds: float) -> Measured:
    """Run *command* on a fresh database while a reader idles for *hold_seconds*."""
    url = server.create_database()
    try:
        with tempfile.TemporaryDirectory() as folder:
            config = _project(Path(folder), url)
            _run(url, "create table busy as select i as id from generate_series(1, %s) i", ROWS)
            _run(url, "alter table busy add primary key (id)")
            return _measure(url, [*command], config, hold_seconds)
    finally:
        server.drop_database(url)


def _measure(url: str, command: list[str], config: Path, hold_seconds: float) -> Measured:
    load = Load(url)
    with load.running(), contextlib.closing(connect(url)) as reader, reader.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select * from busy limit 1")
        started = time.monotonic()
        with subprocess.Popen(
            command, cwd=ROOT, env=_environment(url, config), stdout=subprocess.DEVNULL
        ) as migration:
            time.sleep(hold_seconds)
            cursor.execute("commit")
            code = migration.wait()
        seconds = time.monotonic() - started
    if code:
        message = f"{' '.join(command)} ended with exit {code}"
        raise SystemExit(message)
    _run(url, "select note from busy limit 1")
    return Measured(load.longest_seconds, seconds, load.queries)


def _project(folder: Path, url: str) -> Path:
    (folder / "versions").mkdir()
    (folder / "env.py").write_text(_ENV)
    (folder / "versions" / "a1.py").write_text(_REVISION)
    driver = make_url(url).set(drivername="postgresql+psycopg2")
    text = _INI.format(
        folder=folder, url=driver.render_as_string(hide_password=False).replace("%", "%%")
    )
    (folder / "alembic.ini").write_text(text)
    return folder / "alembic.ini"


def _environment(url: str, config: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DATABASE_URL": url,
        "ALEMBIC_CONFIG": str(config),
        "MIGRATE__ALEMBIC_CONFIG": str(config),
        "PLUGINS__ENABLED": "[]",
        "LOG_LEVEL": "ERROR",
    }


def _run(url: str, sql: str, *values: object) -> None:
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)


def _server() -> contextlib.AbstractContextManager[TestServer]:
    given = os.environ.get("DATABASE_URL")
    return contextlib.nullcontext(TestServer(given)) if given else embedded_server()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hold", type=float, default=10.0, help="seconds the reader idles")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args()


def main() -> None:
    """Measure both, in turns, and print each run and the medians."""
    arguments = _arguments()
    overrides = [word for each in arguments.set for word in ("--set", each)]
    commands = {
        "alembic upgrade head": [sys.executable, "-m", "alembic", "upgrade", "head"],
        "migrate.py upgrade": [sys.executable, "migrate.py", "upgrade", *overrides],
    }
    found: dict[str, list[Measured]] = {name: [] for name in commands}
    with _server() as server:
        for run in range(1, arguments.runs + 1):
            for name, command in commands.items():
                one = measure(server, command, hold_seconds=arguments.hold)
                found[name].append(one)
                _print(f"run {run}", name, one)
    stalls = {
        name: statistics.median(each.longest_stall_seconds for each in runs)
        for name, runs in found.items()
    }
    plain, ours = stalls.values()
    print(f"median of the longest stall: {plain:.2f} s with alembic, {ours:.2f} s here")
    print(f"ratio {plain / ours:.1f} : 1 (the reader idled for {arguments.hold:g} s)")


def _print(run: str, name: str, one: Measured) -> None:
    print(
        f"{run}  {name:<21} longest stall {one.longest_stall_seconds:6.2f} s   "
        f"migration {one.migration_seconds:6.2f} s   {one.queries} queries",
        flush=True,
    )


if __name__ == "__main__":
    main()
