"""Backup and restore here, and with the guide's `pg_dump > file` and `psql < file`, in turns.

The data is about a gigabyte of mixed kinds: text that compresses well, JSON with an index, bytes
that do not compress, large objects. Both sides use the same client programs and the same server.

    python -m bench.backup [--megabytes N] [--runs N] [--pg-bin FOLDER]

The server is the one of DATABASE_URL (databases are created there and dropped), else an embedded
one that is started for this. FOLDER holds other pg_dump, pg_restore and psql, such as some with
zstd.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from sqlalchemy.engine import make_url

from plugins.backup.environment import client_environment
from plugins.backup.tools import find_tools
from tests.support.project import Project
from tests.support.server import TestServer, connect, embedded_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
MEGABYTE = 1_000_000

# Shares of the whole, and what one row of each costs on disk.
_DATA = """
create table filler as
    select i as id, i % 97 as branch, repeat(chr(97 + i % 26), 84) as note
    from generate_series(1, {filler}) i;
alter table filler add primary key (id);
create table docs as
    select i as id, md5(i::text) || md5((i * 7)::text) || md5((i * 13)::text) as body,
        jsonb_build_object('site', i % 500, 'tags', jsonb_build_array(md5((i % 991)::text),
            i % 13), 'text', md5((i * 3)::text) || md5((i * 5)::text)) as data
    from generate_series(1, {docs}) i;
alter table docs add primary key (id);
create index docs_data on docs using gin (data jsonb_path_ops);
create table blobs as
    select i as id, (select string_agg(decode(md5(i || '-' || j), 'hex'), '')
        from generate_series(1, 2500) j) as data
    from generate_series(1, {blobs}) i;
alter table blobs add primary key (id);
select count(lo_from_bytea(0, (select string_agg(decode(md5(i || '+' || j), 'hex'), '')
    from generate_series(1, 6250) j))) from generate_series(1, {objects}) i;
create table alembic_version (version_num varchar(32) primary key);
"""


@dataclass
class Figures:
    """What each run of each side took, in seconds or bytes, by name."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Note one run's *value* and print it."""
        self.values.setdefault(name, []).append(value)
        print(f"  {name:<34} {value:14,.2f}", flush=True)

    def median(self, name: str) -> float:
        """Return the median of the runs of *name*."""
        return statistics.median(self.values[name])

    def ratio(self, name: str, other: str) -> float:
        """Return the median of the ratios of the runs, each taken beside the other."""
        pairs = zip(self.values[name], self.values[other], strict=True)
        return statistics.median(one / two for one, two in pairs)


class Connecting:
    """Somebody who connects again and again, and notes the longest time without an answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self.longest_seconds = 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Connect, without a pause worth the name, while the block runs."""
        thread = threading.Thread(target=self._connect, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _connect(self) -> None:
        answered = time.monotonic()
        while not self._over.wait(0.001):
            with contextlib.suppress(psycopg2.OperationalError):
                connect(self._url).close()
                now = time.monotonic()
                self.longest_seconds = max(self.longest_seconds, now - answered)
                answered = now


class Bench:
    """One database, the guide's commands and ours."""

    def __init__(self, server: TestServer, folder: Path, pg_bin: Path | None) -> None:
        self._server = server
        self._folder = folder
        self.url = server.create_database()
        self.project = Project.create(folder / "project", self.url)
        self.project.settings["plugins.backup.directory"] = str(folder / "backups")
        if pg_bin:
            self.project.settings["plugins.backup.pg_bin"] = str(pg_bin)
        self.project.enable("backup")
        major = self._one("select current_setting('server_version_num')::int / 10000")
        self._tools = find_tools(int(major), pg_bin)
        self.figures = Figures()

    def fill(self, megabytes: int) -> None:
        """Write about *megabytes* of data."""
        size = megabytes * MEGABYTE
        self._run(
            _DATA.format(
                filler=int(size * 0.65 / 145),
                docs=int(size * 0.25 / 760),
                blobs=int(size * 0.06 / 41_000),
                objects=int(size * 0.04 / 104_000),
            )
        )
        self._run("vacuum analyze")
        self._run("checkpoint")
        print(f"{float(self._one('select pg_database_size(current_database())')):,.0f} bytes")

    def back_up(self) -> None:
        """Dump as the guide says, then here; both once."""
        plain = self._folder / "backup.sql"
        with plain.open("wb") as file:
            self._timed("guide: pg_dump > file", lambda: self._tool("pg_dump", self.url, file))
        self.figures.add("guide: size", plain.stat().st_size)
        answer = self._timed("here: backup create", lambda: self._migrate("backup", "create"))
        self.figures.add("here: size", answer["backup"]["size_bytes"])
        print(f"  {answer['backup']['id']}, verified: {answer['backup']['verified']}")

    def restore(self) -> None:
        """Restore into an empty database as the guide says, then here, under connections."""
        empty = self._server.create_database()
        try:
            with (self._folder / "backup.sql").open("rb") as file:
                self._timed("guide: psql < file", lambda: self._psql(empty, file))
        finally:
            self._server.drop_database(empty)
        self._restore("here: restore")

    def restore_copy(self) -> None:
        """Let a run keep a copy of the database, and go back to it by a swap of names."""
        number = len(self.project.revisions)
        self.project.revision(f"r{number}", f"op.execute('create table r{number} (id int)')")
        self.project.settings["plugins.backup.snapshot"] = "template"
        self._timed("here: upgrade with dump and copy", lambda: self._migrate("upgrade"))
        self._restore("here: restore from the copy")

    def close(self) -> None:
        """Drop what was made on the server."""
        mine = "select datname from pg_database where starts_with(datname, %s)"
        closing = contextlib.closing(connect(self._server.url))
        with closing as connection, connection.cursor() as cursor:
            cursor.execute(mine, (make_url(self.url).database,))
            for (each,) in cursor.fetchall():
                cursor.execute(f'drop database if exists "{each}" with (force)')

    def _restore(self, name: str) -> None:
        client = Connecting(self.url)
        words = ("restore", "latest", "--drop-old", "--confirm", make_url(self.url).database or "")
        with client.running():
            self._timed(name, lambda: self._migrate(*words))
        self.figures.add(f"{name}, cut off for (ms)", client.longest_seconds * 1000)

    def _timed(self, name: str, action: Callable[[], Any]) -> Any:  # noqa: ANN401 - what it returns
        started = time.monotonic()
        result = action()
        self.figures.add(name, time.monotonic() - started)
        return result

    def _migrate(self, *words: str) -> dict[str, Any]:
        outcome = self.project.migrate(*words, "--json")
        if outcome.exit_code:
            message = f"migrate.py {' '.join(words)} ended with exit {outcome.exit_code}"
            raise SystemExit(f"{message}\n{outcome.output}")
        return dict(json.loads(outcome.stdout))

    def _tool(self, tool: str, url: str, output: Any) -> None:  # noqa: ANN401 - a file
        command = [str(self._tools.folder / tool), "--no-password"]
        subprocess.run(command, env=_environment(url), stdout=output, check=True)

    def _psql(self, url: str, source: Any) -> None:  # noqa: ANN401 - a file
        command = [str(self._tools.folder / "psql"), "--no-password", "--quiet"]
        subprocess.run(
            command, env=_environment(url), stdin=source, stdout=subprocess.DEVNULL, check=True
        )

    def _run(self, sql: str) -> None:
        with contextlib.closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def _one(self, sql: str) -> Any:  # noqa: ANN401 - the answer
        with contextlib.closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]


def _environment(url: str) -> dict[str, str]:
    from app.hooks import DatabaseUrl

    return client_environment(DatabaseUrl(url))


def _server() -> contextlib.AbstractContextManager[TestServer]:
    given = os.environ.get("DATABASE_URL")
    return contextlib.nullcontext(TestServer(given)) if given else embedded_server()


def _print_ratios(figures: Figures) -> None:
    print("\nmedians of the ratios, and of the times without a connection")
    for ours, theirs in (
        ("here: backup create", "guide: pg_dump > file"),
        ("here: size", "guide: size"),
        ("here: restore", "guide: psql < file"),
        ("here: restore from the copy", "guide: psql < file"),
    ):
        print(f"{ours} / {theirs}: {figures.ratio(ours, theirs):.2f}")
    for name in ("here: restore", "here: restore from the copy"):
        cut = f"{name}, cut off for (ms)"
        print(f"{cut}: {figures.median(cut):.0f}")


def main() -> None:
    """Measure both sides in turns and print each run and the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pg-bin", type=Path)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sst-bench-"))
    try:
        with _server() as server:
            bench = Bench(server, folder, arguments.pg_bin)
            try:
                bench.fill(arguments.megabytes)
                for run in range(1, arguments.runs + 1):
                    print(f"run {run}", flush=True)
                    bench.back_up()
                    bench.restore()
                    bench.restore_copy()
                _print_ratios(bench.figures)
            finally:
                bench.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
