"""Trouble around a rehearsal ends it in words, or does it no harm; nothing of it is left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres.database_session import connected
from sst.db.url import DatabaseUrl
from tests.support.backups import becomes_true
from tests.support.disks import small_disk
from tests.support.hurt_server import hurt_server
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.hurt_server import HurtServer

_ADD = "op.execute('alter table note add x integer')"
_WAITS = f"{_ADD}\nwhile not os.path.exists('go'):\n    time.sleep(0.05)"
_SLEEPS = f"{_ADD}\nop.execute('select pg_sleep(600)')"
_SWALLOWS = """
while True:
    try:
        time.sleep(600)
    except BaseException:
        pass
"""
_SWALLOWS_ALL = f"""
def again():{_SWALLOWS.replace(chr(10), chr(10) + "    ")}
try:
    again()
except BaseException:
    pass
op.execute('select pg_sleep(600)')
"""
_LEFT = "select datname from pg_database where datname like current_database() || '_plan_%'"
_ASLEEP = (
    "select pid from pg_stat_activity where query = 'select pg_sleep(600)'"
    " and datname like current_database() || '_plan_%'"
)


def _fill(project: Project) -> Project:
    project.enable("backup")
    project.revision("one", "op.execute('create table note (id integer primary key)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    return project


@pytest.fixture
def pending(project: Project) -> Project:
    """Return a project with a table."""
    return _fill(project)


@pytest.fixture(scope="module")
def frail() -> Iterator[HurtServer]:
    """Return a server that may be hurt."""
    with hurt_server() as server:
        yield server


@pytest.fixture
def on_frail(frail: HurtServer, tmp_path: Path) -> Iterator[Project]:
    """Return a project on that server."""
    url = frail.databases.create_database()
    yield _fill(Project.create(tmp_path / "project", url))
    frail.databases.drop_database(url)


@pytest.mark.parametrize("body", [_SWALLOWS, _SWALLOWS_ALL], ids=["once", "twice"])
def test_revision_that_swallows_the_deadline_gets_it_again(pending: Project, body: str) -> None:
    pending.settings["migrate.rehearsal_timeout"] = 5
    pending.revision("two", f"{_ADD}\n{body}")

    plan = pending.migrate("plan", "--json")

    assert plan.exit_code == 0, plan.output
    assert plan.json["why_not"].startswith("it was not done after 5 s, at revision two")
    assert plan.json["revisions"][0]["statements"][0]["blocks"] == "reads and writes"
    assert pending.query(_LEFT) == []


def test_timeout_of_the_role_ends_nothing_of_ours(pending: Project) -> None:
    """A deadline of our own is over all of it; a run has its own timeouts, too."""
    url = DatabaseUrl(pending.database_url)
    pending.query(f"alter role current_user in database {url.name} set statement_timeout = 400")
    pending.query(
        f"alter role current_user in database {url.name} set idle_session_timeout = 1000"
    )
    pending.revision("two", f"{_ADD}\nop.execute('select pg_sleep(0.6)')\ntime.sleep(1.2)")

    plan = pending.migrate("plan", "--json")
    with connected(url) as session:
        [(timeout,)] = session.fetch("show statement_timeout")

    assert plan.json["rehearsed"], plan.json["why_not"]
    assert timeout == "0"
    assert pending.query(_LEFT) == []


def test_other_work_on_the_database_goes_on_meanwhile(pending: Project) -> None:
    """A backup is made, verified and pruned, and even put in place of the database."""
    pending.revision("two", _WAITS)
    running = pending.start("plan", "--json")
    assert becomes_true(lambda: pending.query(_LEFT) != [], 60), running.printed()
    name = DatabaseUrl(pending.database_url).name

    others = [
        pending.migrate("backup", "create"),
        pending.migrate("backup", "verify", "latest"),
        pending.migrate("backup", "prune"),
        pending.migrate("restore", "latest", "--confirm", name),
    ]

    assert len(pending.query(_LEFT)) == 1
    (pending.root / "go").touch()
    plan = running.finish()
    assert [each.exit_code for each in others] == [0, 0, 0, 0], [each.output for each in others]
    assert plan.json["rehearsed"], plan.json["why_not"]
    assert pending.query(_LEFT) == []


def test_server_that_crashes_is_told(frail: HurtServer, on_frail: Project) -> None:
    """The next plan drops what is left."""
    on_frail.revision("two", _SLEEPS)
    running = on_frail.start("plan", "--json")
    assert becomes_true(lambda: on_frail.query(_ASLEEP) != [], 60), running.printed()

    frail.restart()
    plan = running.finish()
    on_frail.settings["migrate.rehearsal_timeout"] = 3
    again = on_frail.migrate("plan", "--json")

    assert plan.exit_code == 0, plan.output
    assert plan.json["why_not"].startswith("revision two raised")
    assert "the server has gone away" in plan.json["why_not"]
    assert again.exit_code == 0, again.output
    assert on_frail.query(_LEFT) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_full_disk_is_told(frail: HurtServer, on_frail: Project) -> None:
    folder, account = frail.folder("small"), frail.place.account
    owner = [f"uid={account.uid}", f"gid={account.gid}", "mode=700"] if account else []
    with small_disk(folder, *owner):
        on_frail.query(f"create tablespace small location '{folder}'")
        for number in range(40):
            on_frail.query(f"create table t{number} (id text primary key) tablespace small")
        on_frail.revision("two", _ADD)

        plan = on_frail.migrate("plan", "--json")

        on_frail.query("; ".join(f"drop table t{number}" for number in range(40)))
        on_frail.query("checkpoint")
        on_frail.query("drop tablespace small")
    assert plan.exit_code == 0, plan.output
    assert "No space left on device" in plan.json["why_not"]
    assert on_frail.query(_LEFT) == []


def test_policies_are_copied_for_a_role_that_they_bind(pending: Project) -> None:
    """Row security keeps rows from a reader; a schema has none."""
    pending.query("alter table note enable row level security")
    pending.query("alter table note force row level security")
    pending.query("create policy none on note using (false)")
    pending.revision("two", f"{_ADD}\nop.execute('drop policy none on note')")

    plan = pending.migrate("plan", "--json")

    assert plan.json["rehearsed"], plan.json["why_not"]
    assert len(plan.json["revisions"][0]["statements"]) == 2


def test_revisions_of_a_plugin_are_rehearsed(pending: Project) -> None:
    pending.plugin(
        "audit",
        """
        from pathlib import Path
        from sst.hooks import Migrations, hookimpl

        @hookimpl
        def register_migrations():
            return Migrations(Path(__file__).parent / "audit_versions", "audit")
        """,
    )
    folder = pending.root / "plugins" / "audit_versions"
    folder.mkdir()
    (folder / "audit_1.py").write_text(
        "from alembic import op\n"
        "revision, down_revision, branch_labels, depends_on = 'audit_1', None, 'audit', None\n"
        "def upgrade():\n    op.execute('create index on note ((id + 1))')\n"
        "def downgrade():\n    pass\n"
    )
    pending.enable("backup", "audit")

    plan = pending.migrate("plan", "heads", "--json")

    assert plan.json["rehearsed"], plan.json["why_not"]
    [revision] = plan.json["revisions"]
    assert revision["statements"][0]["blocks"] == "writes"
    assert revision["statements"][0]["file"] == "plugins/audit_versions/audit_1.py"
