"""What a plan costs: on 300 tables with 900 indexes, beside a dump and a restore of its schema.

A rehearsal dumps the schema and restores it into a scratch database. So the measure is what
pg_dump and pg_restore take for that; a second plan finds the result of the first.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from plugins.backup.postgres.client_environment import client_environment
from plugins.backup.postgres.client_programs import find_tools
from sst.db.url import DatabaseUrl
from sst.testing.project.project import Project
from tests.support.server import TestServer, connect

from .costs import Figures

if TYPE_CHECKING:
    from collections.abc import Sequence

_REPOSITORY = Path(__file__).parents[1]
_TABLES = 300
_ROUNDS = 3
_TABLE = """
create table t{n} (id bigint generated always as identity primary key, a integer not null,
    b text, c timestamptz default now(), parent bigint {references});
create index on t{n} (a);
create index on t{n} (c, a);
"""
_ADD = "op.execute('alter table t7 add note text')"


def main() -> None:
    """Compare a plan, and the same plan again, with a dump and a restore; print medians."""
    server = TestServer(os.environ["TEST_DATABASE_URL"])
    url = server.create_database()
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            _compare(server, _project(Path(folder) / "project", url))
    finally:
        server.drop_database(url)


def _project(root: Path, url: str) -> Project:
    project = Project.create(root, url)
    project.enable("backup")
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        for n in range(_TABLES):
            references = f"references t{n - 1}" if n % 3 else ""
            cursor.execute(_TABLE.format(n=n, references=references))
    project.revision("one", _ADD)
    return project


def _compare(server: TestServer, project: Project) -> None:
    [(version, indexes)] = project.query(
        "select current_setting('server_version'), (select count(*) from pg_indexes"
        " where schemaname = 'public')"
    )
    python = ".".join(map(str, sys.version_info[:3]))
    load = os.getloadavg()[0]
    print(
        f"PostgreSQL {version}, Python {python}, {_TABLES} tables, {indexes} indexes, {load=:.1f}"
    )
    figures = Figures()
    for _ in range(_ROUNDS):
        figures.add("dump and restore, s", _dumped_and_restored(server, project))
        figures.add("plan, s", _planned(project, "--no-cache")[0])
        seconds, processor = _planned(project)
        figures.add("the same plan again, s", seconds)
        figures.add("the same plan again, processor s", processor)
    base, plan = figures.median("dump and restore, s"), figures.median("plan, s")
    print(f"a plan is {(plan - 1) / base:.2f} times a dump and a restore, and 1 s (aim: 1.3)")
    print(
        f"the second takes {figures.median('the same plan again, processor s'):.2f} s of processor"
        " time (aim: 1.5)"
    )


def _dumped_and_restored(server: TestServer, project: Project) -> float:
    """Return the seconds that the schema takes into another database, which is dropped after."""
    source, target = DatabaseUrl(project.database_url), server.create_database()
    tools = find_tools(int(project.query("show server_version_num")[0][0]) // 10_000)
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/schema"
        began = time.monotonic()
        place = f"--dbname={source.libpq_place()}"
        _run([tools.pg_dump, "--schema-only", "--format=custom", f"--file={archive}", place])
        place = f"--dbname={DatabaseUrl(target).libpq_place()}"
        _run([tools.pg_restore, place, archive])
        taken = time.monotonic() - began
    server.drop_database(target)
    return taken


def _run(command: Sequence[str]) -> None:
    url = DatabaseUrl(os.environ["TEST_DATABASE_URL"])
    subprocess.run(command, check=True, env=client_environment(url))


def _planned(project: Project, *words: str) -> tuple[float, float]:
    """Return the seconds of a plan, and those of processors in it and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, "-c", _DOOR.format(root=str(project.root)), "plan", *words],
        check=True,
        cwd=project.root,
        env={**os.environ, "DATABASE_URL": project.database_url, "PYTHONPATH": str(_REPOSITORY)},
        stdout=subprocess.DEVNULL,
    )
    taken, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


_DOOR = """
from pathlib import Path
from sst.door import enter
enter("python migrate.py", Path({root!r}))
"""


if __name__ == "__main__":
    main()
