"""Backup and restore here, and with the guide's `pg_dump > file` and `psql < file`, in turns.

The data is about a gigabyte of mixed kinds: text that compresses well, JSON with an index, bytes
that do not compress, large objects. Both sides use the same client programs and the same server,
and what the one has written is on the disk before the other starts.

    python -m bench.backup [--megabytes N] [--runs N] [--pg-bin FOLDER] [--set NAME=VALUE]

The server is the one of DATABASE_URL (databases are created there and dropped), else an embedded
one that is started for this. FOLDER holds other pg_dump, pg_restore and psql, such as some with
zstd. Processor time is that of the programs and of the server, all of it: best nobody else's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from bench.costs import Connecting, Figures, Processors, postmaster_of
from bench.table.place import server as server_of_the_shell
from bench.table.rows import NotMeasuredError
from plugins.backup.postgres.client_environment import client_environment
from plugins.backup.postgres.client_programs import find_tools
from sst.hooks import DatabaseUrl
from tests.support.project import Project
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.server import TestServer

ROOT = Path(__file__).parent.parent
# migrate.py, for the project in the working folder.
MIGRATE = """
import sys
from pathlib import Path
from sst.cli import leave, main
leave(main(sys.argv[1:], Path.cwd()))
"""
MEGABYTE = 1_000_000
_SAID_CHARACTERS = 400
DUMP, CREATE = "guide: pg_dump > file", "here: backup create"
PSQL, RESTORE, SWAP = "guide: psql < file", "here: restore", "here: restore from the copy"
PAIRS = ((CREATE, DUMP), (RESTORE, PSQL), (SWAP, PSQL))

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


@dataclass(frozen=True, slots=True)
class Program:
    """The product in *root*, run by *python*."""

    python: Path = Path(sys.executable)
    root: Path = ROOT


class Bench:
    """One database, the guide's commands and ours."""

    def __init__(
        self,
        server: TestServer,
        folder: Path,
        pg_bin: Path | None,
        settings: dict[str, str],
        program: Program = Program(),
    ) -> None:
        self._server = server
        self._folder = folder
        self._program = program
        self.url = server.create_database()
        self.project = Project.create(folder / "project", self.url)
        self.project.settings["plugins.backup.directory"] = str(folder / "backups")
        self.project.settings.update(settings)
        self.project.enable("backup")
        major = self._one("select current_setting('server_version_num')::int / 10000")
        self.tools = find_tools(int(major), pg_bin)
        self.project.settings["plugins.backup.pg_bin"] = str(self.tools.folder)
        self._processors = Processors(postmaster_of(server.url))
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
        self._migrate("current")  # byte code is there before anything is timed

    def describe(self) -> str:
        """Return how large the database is, and the versions."""
        written = self._one("select pg_database_size(current_database())")
        version = self._one("show server_version")
        return f"{written:,} bytes, PostgreSQL {version}, programs {self.tools.version}"

    def dump(self) -> None:
        """Dump as the guide says."""
        plain = self._folder / "backup.sql"
        with plain.open("wb") as file:
            self._timed(DUMP, lambda: self._tool(self.url, "pg_dump", stdout=file))
        self.figures.add(f"{DUMP}, bytes", plain.stat().st_size)

    def create(self, name: str = CREATE, **settings: str) -> None:
        """Make a backup with *settings* of the plugin, and note its figures as those of *name*."""
        words = [f"--set=plugins.backup.{key}={value}" for key, value in settings.items()]
        answer = self._timed(name, lambda: self._migrate("backup", "create", *words))
        if not answer["backup"]["verified"]:
            raise NotMeasuredError(f"{answer['backup']['id']} was not verified")
        self.figures.add(f"{name}, bytes", answer["backup"]["size_bytes"])

    def restore(self) -> None:
        """Restore into an empty database as the guide says, then here, under connections."""
        empty = self._server.create_database()
        try:
            with (self._folder / "backup.sql").open("rb") as file, self._connecting(PSQL):
                self._timed(
                    PSQL,
                    lambda: self._tool(
                        empty, "psql", "--quiet", stdin=file, stdout=subprocess.DEVNULL
                    ),
                )
        finally:
            self._server.drop_database(empty)
        self._restore(RESTORE)

    def restore_copy(self) -> None:
        """Let a run keep a copy of the database, and go back to it by a swap of names."""
        number = len(self.project.revisions)
        self.project.revision(f"r{number}", f"op.execute('create table r{number} (id int)')")
        self.project.settings["plugins.backup.snapshot"] = "template"
        self._timed("here: upgrade with dump and copy", lambda: self._migrate("upgrade"))
        self._restore(SWAP)

    def close(self) -> None:
        """Drop what was made on the server."""
        mine = "select datname from pg_database where starts_with(datname, %s)"
        closing = contextlib.closing(connect(self._server.url))
        with closing as connection, connection.cursor() as cursor:
            cursor.execute(mine, (make_url(self.url).database,))
            for (each,) in cursor.fetchall():
                cursor.execute(f'drop database if exists "{each}" with (force)')

    def _restore(self, name: str) -> None:
        """Restore the newest backup; the old database goes afterwards, as the guide's would."""
        words = ("restore", "latest", "--confirm", str(make_url(self.url).database))
        with self._connecting(name):
            answer = self._timed(name, lambda: self._migrate(*words))
        self._run(f'drop database "{answer["data"]["kept_as"]}" with (force)')

    @contextlib.contextmanager
    def _connecting(self, name: str) -> Iterator[None]:
        client = Connecting(self.url)
        with client.running():
            yield
        self.figures.add(f"{name}, cut off ms", client.longest_seconds * 1000)

    def _timed(self, name: str, action: Callable[[], Any]) -> Any:  # noqa: ANN401 - what it returns
        # Neither side pays for what the other has left to be written.
        self._run("checkpoint")
        os.sync()
        used, started = self._processors.seconds, time.monotonic()
        result = action()
        seconds = time.monotonic() - started
        self.figures.add(name, seconds)
        self.figures.add(f"{name}, processor", self._processors.seconds - used)
        return result

    def _migrate(self, *words: str) -> dict[str, Any]:
        """Run the command in a process of its own, from the start of the interpreter on."""
        command = [str(self._program.python), "-c", MIGRATE, *words, "--json"]
        for name, value in self.project.settings.items():
            command += ["--set", f"{name}={value}"]
        paths = os.pathsep.join(
            filter(None, [str(self._program.root), os.environ.get("PYTHONPATH")])
        )
        environment = {**os.environ, "DATABASE_URL": self.url, "PYTHONPATH": paths}
        environment["XDG_CACHE_HOME"] = str(self._folder / "cache")
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        outcome = subprocess.run(
            command, cwd=self.project.root, env=environment, capture_output=True, check=False
        )
        if outcome.returncode:
            said = " ".join((outcome.stdout or outcome.stderr).decode().split())
            message = f"`{' '.join(words)}` ended with exit {outcome.returncode}"
            raise NotMeasuredError(f"{message}: {said[:_SAID_CHARACTERS]}")
        return dict(json.loads(outcome.stdout))

    def _tool(self, url: str, tool: str, *words: str, **streams: Any) -> None:
        command = [str(self.tools.folder / tool), "--no-password", *words]
        environment = client_environment(DatabaseUrl(url))
        subprocess.run(command, env=environment, check=True, **streams)

    def _run(self, sql: str) -> None:
        with contextlib.closing(connect(self.url)) as connection, connection.cursor() as cursor:
            for statement in sql.split(";"):
                if statement.strip():
                    cursor.execute(statement)

    def _one(self, sql: str) -> Any:  # noqa: ANN401 - the answer
        with contextlib.closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            [(answer,)] = cursor.fetchall()
        return answer


def _print_ratios(figures: Figures) -> None:
    print("\nmedians of the ratios: time, processor")
    for ours, theirs in PAIRS:
        ratio = figures.ratio(ours, theirs)
        processor = figures.ratio(f"{ours}, processor", f"{theirs}, processor")
        print(f"{ours} / {theirs}: {ratio:.2f}, {processor:.2f}")
    print(f"size: {figures.ratio(f'{CREATE}, bytes', f'{DUMP}, bytes'):.3f}")
    for name in (RESTORE, SWAP):
        print(f"{name}, cut off: {figures.median(f'{name}, cut off ms'):.0f} ms")
    print(f"load: {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Measure both sides in turns and print each run and the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pg-bin", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    settings = dict(each.split("=", 1) for each in arguments.set)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sst-bench-")))
        server = stack.enter_context(server_of_the_shell())
        bench = Bench(server, folder, arguments.pg_bin, settings)
        stack.callback(bench.close)
        bench.fill(arguments.megabytes)
        print(bench.describe())
        for run in range(1, arguments.runs + 1):
            print(f"run {run}, load {os.getloadavg()[0]:.1f}", flush=True)
            bench.dump()
            bench.create()
            bench.restore()
            bench.restore_copy()
        _print_ratios(bench.figures)


if __name__ == "__main__":
    main()
