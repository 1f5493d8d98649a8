"""A rehearsal that cannot be had ends in words; the real database is as it was."""

from __future__ import annotations

import signal
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from plugins.backup.postgres.client_environment import client_environment
from plugins.backup.postgres.client_programs import find_tools
from sst.db.url import DatabaseUrl
from tests.support.backups import becomes_true
from tests.support.owners import owned
from tests.support.server import connect, embedded_server
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project
    from tests.support.server import TestServer

_WAITS = "op.execute('create table waiting (id integer)')\nop.execute('select pg_sleep(600)')"
_ADD = "op.execute('alter table note add x integer')"
_DELETE = "op.execute('delete from note')"


@pytest.fixture
def pending(project: Project) -> Project:
    """Return a project with a filled table."""
    project.enable("backup")
    project.revision("one", "op.execute('create table note (id integer primary key)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    project.query("insert into note select generate_series(1, 10)")
    return project


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            "op.get_bind().exec_driver_sql('select id from note').scalar_one()",
            "revision two raised NoResultFound",
        ),
        ("op.execute('alter table nowhere add x integer')", "revision two raised UndefinedTable"),
        ("raise ValueError('not here')", "revision two raised ValueError: not here"),
        ("raise SystemExit(7)", "revision two raised SystemExit: 7"),
    ],
)
def test_revision_that_does_not_replay_is_named(pending: Project, body: str, why: str) -> None:
    """What came before it is told all the same."""
    pending.revision("two", f"{_ADD}\n{body}")

    plan = pending.migrate("plan", "--json")

    assert (plan.exit_code, plan.json["rehearsed"]) == (0, False)
    assert plan.json["why_not"].startswith(why)
    assert "[alembic/versions/20260001_two.py:18]; the copy has no rows" in plan.json["why_not"]
    [revision] = plan.json["revisions"]
    assert revision["statements"][0]["blocks"] == "reads and writes"
    assert _left(pending) == []


def test_table_that_is_locked_is_not_waited_for(pending: Project) -> None:
    """The copy would hold its locks on all other tables as long, and others wait behind them."""
    pending.revision("two", _ADD)

    with closing(connect(pending.database_url)) as other, other.cursor() as cursor:
        cursor.execute("begin; lock table note in access exclusive mode")
        plan = pending.migrate("plan", "--json")

    assert (plan.exit_code, plan.json["rehearsed"]) == (0, False)
    assert "end the session that holds the lock on that table" in plan.json["why_not"]


@pytest.mark.parametrize(
    "body", ["op.execute('select pg_sleep(600)')", "time.sleep(600)"], ids=["server", "client"]
)
def test_rehearsal_that_hangs_is_given_up(pending: Project, body: str) -> None:
    pending.settings["migrate.rehearsal_timeout"] = 5
    pending.revision("two", f"{_ADD}\n{body}")

    plan = pending.migrate("plan", "--json")

    assert plan.exit_code == 0, plan.output
    assert plan.json["why_not"].startswith("it was not done after 5 s")
    assert _left(pending) == []


@pytest.mark.parametrize(
    ("settings", "words", "why"),
    [
        ({"migrate.rehearse": "off"}, [], 'migrate.rehearse is "off"'),
        ({"migrate.rehearse": "elsewhere"}, [], "migrate.rehearsal_url is not set"),
        ({"migrate.rehearsal_url": "postgresql://127.0.0.1:1/x"}, [], "cannot be copied: "),
        ({}, ["--no-plugin", "backup"], "no plugin copies the schema"),
        ({}, ["--no-rehearsal"], "it was not asked for"),
    ],
)
def test_plan_without_a_rehearsal_says_why(
    pending: Project, settings: dict[str, Any], words: list[str], why: str
) -> None:
    pending.settings.update(settings)
    pending.revision("two", _ADD)

    plan = pending.migrate("plan", "--json", *words)

    assert plan.exit_code == 0, plan.output
    assert why in plan.json["why_not"]
    assert [each["statements"] for each in plan.json["revisions"]] == [None]


def test_server_of_another_major_version_is_refused(
    pending: Project, embedded: TestServer, server: TestServer
) -> None:
    pending.revision("two", _ADD)
    pending.settings["migrate.rehearsal_url"] = embedded.url

    plan = pending.migrate("plan", "--json")

    if server is embedded:
        assert plan.json["rehearsed"], plan.json["why_not"]
    else:
        assert plan.json["why_not"].startswith("the server is PostgreSQL 18, that of the database")


def test_copy_is_made_on_the_server_that_is_named(pending: Project, server: TestServer) -> None:
    """On the database's own server nothing is made, not even for a moment."""
    [(version,)] = pending.query("select current_setting('server_version_num')::integer")
    if version < 180_000:
        pytest.skip("there is one server of that major version")
    pending.settings["migrate.rehearse"] = "elsewhere"
    pending.revision("two", _ADD)
    del server
    with embedded_server() as other:
        pending.settings["migrate.rehearsal_url"] = other.url

        plan = pending.migrate("plan", "--json")

    assert plan.json["rehearsed"], plan.json["why_not"]


def test_role_without_createdb_is_told(server: TestServer, tmp_path: Path) -> None:
    with owned(server, tmp_path / "project") as weak:
        weak.project.revision("two", "op.execute('create table x (id integer)')")
        weak.admin(f"ALTER ROLE {weak.role} NOCREATEDB")

        plan = weak.project.migrate("plan", "--json")

        assert plan.exit_code == 0, plan.output
        assert "permission denied to create database" in plan.json["why_not"]


def test_role_that_owns_the_database_rehearses(server: TestServer, tmp_path: Path) -> None:
    """It is no superuser, and a table of another role is in the database."""
    with owned(server, tmp_path / "project") as weak:
        weak.admin("CREATE TABLE of_another_role (id integer)")
        weak.admin(f"GRANT SELECT ON of_another_role TO {weak.role}")
        weak.admin(f"ALTER ROLE {weak.role} CREATEDB")
        weak.project.revision("two", "op.execute('create table x (id integer)')")

        plan = weak.project.migrate("plan", "--json")

        assert plan.json["rehearsed"], plan.json["why_not"]


@pytest.mark.parametrize("goes_on_as_owner", [False, True])
def test_member_of_the_owner_rehearses(
    server: TestServer, tmp_path: Path, *, goes_on_as_owner: bool
) -> None:
    """The role that logs in owns nothing; its sessions may go on as the owner (`SET role`)."""
    with owned(server, tmp_path / "project") as weak:
        owner = f"{weak.role}_owner"
        weak.owner("CREATE TABLE note (id integer)")
        weak.project.revision("two", "op.execute('create table x (id integer)')")
        weak.project.revision(
            "three",
            "op.execute('alter table x add check (id is not null)')\n"
            "op.execute('alter table x alter id set not null')",
        )
        weak.admin(
            f"CREATE ROLE {owner}",
            f"GRANT {owner} TO {weak.role}",
            f"ALTER ROLE {weak.role} CREATEDB",
            f"ALTER ROLE {owner} CREATEDB",
            f"REASSIGN OWNED BY {weak.role} TO {owner}",
        )
        if goes_on_as_owner:
            weak.admin(f"ALTER ROLE {weak.role} SET role = {owner}")

        plan = weak.project.migrate("plan", "--json")

        weak.admin(
            f"ALTER ROLE {weak.role} RESET role", f"REASSIGN OWNED BY {owner} TO CURRENT_USER"
        )
        weak.admin(f"DROP OWNED BY {owner}", f"DROP ROLE {owner}")
    assert plan.json["rehearsed"], plan.json["why_not"]
    assert "sufficient to prove" in plan.json["revisions"][1]["statements"][1]["because"]


def test_real_database_is_as_it_was(pending: Project) -> None:
    """Schema, heads, rows read and written, and the databases of the server."""
    pending.revision("two", f"{_ADD}\n{_DELETE}")
    before = _picture(pending)

    plan = pending.migrate("plan", "--json")

    assert plan.json["rehearsed"], plan.json["why_not"]
    assert _picture(pending) == before


def test_table_called_as_what_is_left_out_is_copied(pending: Project) -> None:
    """Subscriptions and user mappings are left out, which lead to other servers."""
    pending.query('create table "SUBSCRIPTION" (id integer)')
    pending.query('create view "the USER MAPPING " as select 1 as id')
    pending.revision("two", "op.execute('alter table \"SUBSCRIPTION\" add x integer')")

    plan = pending.migrate("plan", "--json")

    assert plan.json["rehearsed"], plan.json["why_not"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_copy_of_a_killed_plan_is_dropped(pending: Project, number: signal.Signals) -> None:
    """In order where the signal can be heard, else by the next plan."""
    pending.revision("two", _WAITS)
    before = _picture(pending)
    running = pending.start("plan")
    assert becomes_true(lambda: _is_asleep(pending), 60), running.printed()

    running.signal(number)
    if number is signal.SIGKILL:
        assert becomes_true(lambda: running.has_ended, 60)
    else:
        assert running.finish().exit_code == 128 + number
    left = _left(pending)
    pending.settings["migrate.rehearsal_timeout"] = 5
    again = pending.migrate("plan")

    assert len(left) == (1 if number is signal.SIGKILL else 0)
    assert again.exit_code == 0, again.output
    assert _left(pending) == []
    assert _picture(pending) == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_copy_that_is_being_made_is_dropped(pending: Project, number: signal.Signals) -> None:
    pending.revision("two", _ADD)
    before = _picture(pending)
    with other_session(pending, "lock table note in access exclusive mode"):
        running = pending.start("plan")
        assert becomes_true(lambda: _left(pending) != [], 60), running.printed()

        running.signal(number)
        code = running.finish().exit_code
    if number is signal.SIGKILL:
        assert pending.migrate("plan", "--json").json["rehearsed"]

    assert code in {128 + number, -number}
    assert _left(pending) == []
    assert _picture(pending) == before


def _is_asleep(project: Project) -> bool:
    question = (
        "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'"
        " and datname like current_database() || '_plan_%'"
    )
    return project.query(question) != [(0,)]


def _left(project: Project) -> list[str]:
    """Return the scratch databases of *project* that are there."""
    name = DatabaseUrl(project.database_url).name
    rows = project.query("select datname from pg_database where datname like %s", f"{name}_%")
    return [row[0] for row in rows]


def _picture(project: Project) -> tuple[object, ...]:
    url = DatabaseUrl(project.database_url)
    [(version,)] = project.query("select current_setting('server_version_num')::integer")
    tools = find_tools(version // 10_000)
    command = [tools.pg_dump, "--restrict-key=x", f"--dbname={url.libpq_place()}"]
    dump = subprocess.run(
        command, env=client_environment(url), check=True, capture_output=True, text=True
    ).stdout
    counters = project.query(
        "select n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables order by relid"
    )
    return dump, project.current_revision(), counters, _left(project)
