"""What an answer that is told again costs: no import, and one question to the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.door import Door
from tests.support.extensions import is_server_named, lacks
from tests.support.forks import wait_until
from tests.support.hurt_server import hurt_server
from tests.support.older_server import counting_server
from tests.support.project import REPOSITORY, Project
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg2.extensions import cursor as Cursor  # noqa: N812

COMMANDS = ("check", "current", "history", "plan", "status", "upgrade")
HEAVY = {"alembic", "click", "dynaconf", "fastapi", "pluggy", "pydantic", "rich", "sqlalchemy"}
OF_THE_SLOW_WAY = {"sst.cli", "sst.config", "sst.hooks", "sst.migrator", "sst.runtime"}
MOST_CALLS = 8
PROGRAM = """
import atexit, json, os, sys
from pathlib import Path

def note():
    with open(os.environ["NOTES"], "w") as file:
        json.dump(sorted(sys.modules), file)

atexit.register(note)
from sst.door import enter
enter("python migrate.py", Path({root!r}))
"""
TABLE = "op.create_table('{0}', sa.Column('id', sa.Integer, primary_key=True))"


def upgraded(root: Path, url: str) -> Project:
    """Return a project whose one revision is applied."""
    project = Project.create(root, url)
    project.revision("sites", TABLE.format("sites"))
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    return project


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return a project at its head, on a server that counts statements."""
    with counting_server() as server:
        if server is None:
            lacks("the system has no pg_stat_statements", is_named=is_server_named())
        project = upgraded(
            tmp_path_factory.mktemp("counted") / "project", server.create_database()
        )
        project.query("create extension pg_stat_statements")
        yield project


@pytest.mark.parametrize("command", ["check", "upgrade"])
def test_nothing_of_the_slow_way_is_imported(
    tmp_path: Path, database_url: str, command: str
) -> None:
    project = upgraded(tmp_path / "project", database_url)
    program = tmp_path / "program" / "call.py"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(root=str(project.root)), encoding="utf-8")
    notes = tmp_path / "notes"
    notes.mkdir()

    found = _imported(project, program, notes, command)

    assert found
    assert not found & HEAVY
    assert not found & OF_THE_SLOW_WAY


@pytest.mark.parametrize("command", COMMANDS)
def test_server_is_asked_in_one_session(counted: Project, tmp_path: Path, command: str) -> None:
    """One message, which holds its limit in time and the question."""
    door = Door(counted, tmp_path / "calls")
    door.warm(command)
    with closing(connect(counted.database_url)) as watching, watching.cursor() as cursor:
        watching.autocommit = True
        wait_until(lambda: not _others(cursor), "the others have left")
        before = _sessions(cursor)
        cursor.execute("select pg_stat_statements_reset()")

        told = door.call(command)

        # The server counts a session at its end.
        wait_until(lambda: _sessions(cursor) > before, "the session has ended")
        wait_until(lambda: not _others(cursor), "the others have left")
        sessions = _sessions(cursor) - before
    assert told.is_kept
    assert sessions == 1
    assert _sent(counted) == 2


def test_server_that_hangs_is_given_up_for_the_words_of_the_command(tmp_path: Path) -> None:
    with hurt_server() as server:
        project = upgraded(tmp_path / "project", server.databases.create_database())
        project.environment["DB_CONNECT_TIMEOUT"] = "2"
        door = Door(project, tmp_path / "calls")
        door.warm("current")
        server.freeze()
        try:
            told = door.call("current")
        finally:
            server.thaw()

        assert not told.is_kept
        assert told.exit_code == 75
        assert told.stderr.startswith("Cannot connect to ")
        assert door.call("current").is_kept


def _imported(project: Project, program: Path, notes: Path, command: str) -> set[str]:
    """Return what a real process imports when it tells the answer again."""
    variables = {
        **os.environ,
        "DATABASE_URL": project.database_url,
        "NOTES": str(notes / "modules"),
        "PYTHONPATH": str(REPOSITORY),
        "XDG_CACHE_HOME": str(notes / "cache"),
    }
    for _ in range(MOST_CALLS):
        subprocess.run(
            [sys.executable, str(program), command],
            cwd=project.root,
            env=variables,
            check=True,
            capture_output=True,
        )
        found = set(json.loads((notes / "modules").read_text(encoding="utf-8")))
        if "sst.runtime" not in found:
            return found
    raise AssertionError(f"{command} was never told again")


def _sessions(cursor: Cursor) -> int:
    return _number(
        cursor, "select sessions from pg_stat_database where datname = current_database()"
    )


def _others(cursor: Cursor) -> int:
    return _number(
        cursor,
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()",
    )


def _number(cursor: Cursor, sql: str) -> int:
    cursor.execute(sql)
    found = cursor.fetchone()
    assert found
    return int(found[0])


def _sent(project: Project) -> int:
    """Return how many statements others than those of this test have sent."""
    [(count,)] = project.query("""
        select coalesce(sum(calls), 0)::int from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database())
            and query !~ 'pg_stat_'
    """)
    return int(count)
