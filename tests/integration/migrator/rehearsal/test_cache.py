"""The result of a rehearsal is used again while nothing that it came of has changed."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine

from sst.db.url import DatabaseUrl
from sst.migrator.rehearsal.cache.circumstances import digest_of
from sst.runtime import open_runtime
from tests.support.backups import becomes_true
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Outcome, Project

_TWO = """
import sys
sys.path.insert(0, os.getcwd())
from helper import TYPE
op.execute(f'alter table note add x {TYPE}')
if os.path.exists('flag'):
    op.execute('alter table note add flagged integer')
for name in sorted(os.listdir('sql')):
    with open(os.path.join('sql', name)) as file:
        op.execute(file.read())
"""


@pytest.fixture
def pending(project: Project) -> Project:
    """Return a project whose revision imports a module, and reads a file of SQL."""
    project.enable("backup")
    project.revision("one", "op.execute('create table note (id integer primary key)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    (project.root / "helper.py").write_text("TYPE = 'integer'\n")
    (project.root / "sql").mkdir()
    (project.root / "sql" / "extra.sql").write_text("alter table note add y integer")
    project.revision("two", _TWO)
    return project


def test_same_plan_is_not_rehearsed_again(pending: Project) -> None:
    """What is told is what a new rehearsal tells; rows and bytes are asked anew."""
    first = _planned(pending)
    pending.query("insert into note select generate_series(1, 5000)")
    pending.query("vacuum analyze note")

    again = _planned(pending)
    text = pending.migrate("plan")
    anew = _planned(pending, "--no-cache")

    assert again["rehearsed_at"] == first["rehearsed_at"] != anew["rehearsed_at"]
    assert again["revisions"] == anew["revisions"]
    assert again["revisions"][0]["statements"][0]["rows"] == 5000
    assert f"rehearsed earlier ({first['rehearsed_at'][11:16]} UTC) on a copy" in text.output
    assert [each["blocks"] for each in again["revisions"][0]["statements"]] == [
        "reads and writes",
        "reads and writes",
    ]


def _append(name: str) -> Callable[[Project], object]:
    def change(project: Project) -> None:
        [path] = project.root.glob(name)
        path.write_text(f"{path.read_text()} ")

    return change


def test_plan_is_rehearsed_anew_after_any_change(pending: Project) -> None:
    changes: dict[str, Callable[[Project], object]] = {
        "the revision's layout": _append("alembic/versions/*_two.py"),
        "env.py": _append("alembic/env.py"),
        "a module that the revision imports": _append("helper.py"),
        "a file that the revision reads": _append("sql/extra.sql"),
        "a file in a folder that the revision lists": lambda project: (
            project.root / "sql" / "more.sql"
        ).write_text("select 1"),
        "a file that the revision looks for": lambda project: (project.root / "flag").touch(),
        "a module that may come first": lambda project: _package(project.root / "helper"),
        "a setting": lambda project: project.settings.update({"migrate.lock_timeout": 3}),
        "a variable": lambda project: project.environment.update(SCHEMA="x"),
        "the schema": lambda project: project.query("create index on note ((id + 1))"),
        "a right of others on the result": lambda project: _result(project).chmod(0o666),
        "the form of the result": lambda project: _result(project).write_text("{}"),
        "the day": _make_old,
    }
    known, used = _planned(pending)["rehearsed_at"], []

    for what, change in changes.items():
        change(pending)
        found = _planned(pending)["rehearsed_at"]
        used += [what] if found == known else []
        known = found

    assert used == []


def _package(folder: Path) -> None:
    folder.mkdir()
    (folder / "__init__.py").write_text("TYPE = 'integer'\n")


def _make_old(project: Project) -> None:
    path = _result(project)
    kept = json.loads(path.read_text())
    kept["at"] = (datetime.now(UTC) - timedelta(days=1, minutes=1)).isoformat()
    path.write_text(json.dumps(kept))


_OTHER_DATABASE = (
    "alter table note alter id set statistics 500",
    "alter table note set (fillfactor = 50)",
    "alter table note add check (id > 0) not valid",
    "comment on column note.id is null; create view seen as select id from note",
    "grant select on note to public",
    "create schema other",
    "alter role current_user in database {name} set timezone to 'America/Bogota'",
    "alter database {name} set work_mem to '5MB'",
    "create table part (id integer) partition by range (id)",
    "create table part_1 partition of part for values from (1) to (2)",
    "create function f() returns integer language sql as 'select 1'",
    "create or replace function f() returns integer language sql as 'select 2'",
)
_SAME_DATABASE = (
    "insert into note select generate_series(1, 3000)",
    "analyze note",
    "vacuum note",
    "truncate note",
    "reindex table note",
    "select nextval('counted')",
)


def test_state_of_the_database_counts_and_its_rows_do_not(pending: Project) -> None:
    """Statistics, files and rows come and go while the schema is the same."""
    pending.query("create sequence counted")
    name = DatabaseUrl(pending.database_url).name
    other = [each.format(name=name) for each in _OTHER_DATABASE]
    with open_runtime(pending.root, environ={"DATABASE_URL": pending.database_url}) as runtime:
        context = runtime.migrator._context

        def digest() -> str:
            engine = create_engine(context.url.for_psycopg2())
            with engine.connect() as connection:
                found = digest_of(context, connection, (), ())
            engine.dispose()
            return found

        digests = [digest()]
        for statement in _SAME_DATABASE:
            pending.query(statement)
            digests.append(digest())
        assert len(set(digests)) == 1
        for statement in other:
            pending.query(statement)
            digests.append(digest())

    assert len(set(digests)) == 1 + len(other)


def test_secret_of_a_statement_is_not_kept(pending: Project) -> None:
    pending.environment["NOTIFY_TOKEN"] = "hunter2-hunter2"
    (pending.root / "sql" / "extra.sql").write_text(
        "comment on table note is 'postgresql://app:hunter2-hunter2@db/x'"
    )

    _planned(pending)

    kept = _result(pending).read_text()
    assert "comment on table note" in kept
    assert "hunter2" not in kept


def test_copy_of_a_killed_plan_is_dropped_where_an_earlier_result_is_kept(
    pending: Project,
) -> None:
    """The result of before would leave it there until the schema changes."""
    kept = _planned(pending)["rehearsed_at"]
    with other_session(pending, "lock table note in access exclusive mode"):
        running = pending.start("plan", "--no-cache")
        assert becomes_true(lambda: _copies(pending) != [], 60), running.printed()
        running.signal(signal.SIGKILL)
        assert running.finish().exit_code == -signal.SIGKILL

    anew = _planned(pending)["rehearsed_at"]

    assert _copies(pending) == []
    assert anew > kept


def test_place_that_cannot_be_written_changes_nothing(pending: Project) -> None:
    (pending.root / "file").touch()
    pending.environment["XDG_CACHE_HOME"] = str(pending.root / "file")

    plans = [_planned(pending), _planned(pending)]

    assert plans[0]["rehearsed_at"] != plans[1]["rehearsed_at"]


def _planned(project: Project, *words: str) -> dict[str, Any]:
    plan: Outcome = project.migrate("plan", "--json", *words)
    assert plan.exit_code == 0, plan.output
    assert plan.json["rehearsed"], plan.json["why_not"]
    return plan.json


def _copies(project: Project) -> list[str]:
    name = DatabaseUrl(project.database_url).name
    rows = project.query("select datname from pg_database where datname like %s", f"{name}_plan_%")
    return [row[0] for row in rows]


def _result(project: Project) -> Path:
    """Return the newest result that is kept."""
    files = (project.root / ".cache" / "sst-platform" / "plans").iterdir()
    return max(files, key=lambda path: path.stat().st_mtime_ns)
