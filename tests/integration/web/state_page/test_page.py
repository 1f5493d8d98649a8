"""The page, on a real database: it says what is there, masked and escaped."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from html import unescape
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from sst.runtime import open_runtime
from sst.web import create_app
from sst.web.probing import probes
from sst.web.state_page import looks
from tests.support.forks import wait_until
from tests.support.served import PASSWORD, TOKEN, serve_project
from tests.support.web import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from tests.support.project import Project
    from tests.support.served import Served

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast a busy machine answers is no claim of these tests."""
    for module, name in ((looks, "DEADLINE_SECONDS"), (probes, "HEALTH_SECONDS")):
        monkeypatch.setattr(module, name, 60.0)


@contextmanager
def application(project: Project) -> Iterator[FastAPI]:
    """Yield the application of *project*, in this process."""
    environ = {"DATABASE_URL": project.database_url, **project.environment}
    with open_runtime(project.root, environ=environ) as runtime:
        yield create_app(runtime)


def page(project: Project, path: str = "/state") -> str:
    """Return the page of *project* as HTML."""
    with application(project) as app:
        answer = ask(app, path, token=TOKEN)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(html: str, part: str = "main") -> str:
    """Return the text of the section *part*, or of all sections."""
    if part != "main":
        html = (
            html.partition(f'<section id="{part}"')[2].partition(">")[2].partition("</section>")[0]
        )
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_empty_database_is_said_to_be_empty(project: Project) -> None:
    html = page(project)

    assert "No revision is applied; 1 is pending." in words(html, "now")
    assert "State empty, at no revision" in words(html, "now")
    assert "None is on record." in words(html, "runs")
    assert "None is on record." in words(html, "backup")


def test_runs_are_shown_with_their_steps(migrated: Project) -> None:
    html = page(migrated)

    assert "The database is up to date." in words(html, "now")
    assert "No revision is pending." in words(html, "pending")
    assert "succeeded upgrade head" in words(html, "runs")
    assert re.search(r"one succeeded|one applied", words(html, "runs"))


def test_failed_run_is_open_with_its_error_and_place(migrated: Project) -> None:
    migrated.revision("two", "op.execute('select * from absent')")
    migrated.migrate("upgrade")

    html = page(migrated)

    assert "failed at revision two" in words(html, "now")
    runs = words(html, "runs")
    assert "<details open>" in html
    assert 'relation "absent" does not exist' in runs
    assert "SQLSTATE 42P01" in runs
    assert "_two.py:" in runs


def test_settings_have_their_sources_and_no_secret(project: Project) -> None:
    html = page(project)

    settings = words(html, "settings")
    assert re.search(r"OPERATIONS_TOKEN \*{8} \S.*OPERATIONS_TOKEN", settings), settings
    assert "MIGRATE__LOCK_WAIT" in settings
    assert TOKEN not in html


def test_enabled_plugins_are_shown_with_their_hooks(project: Project) -> None:
    project.plugin(
        "greets", "from sst.hooks import hookimpl\n\n@hookimpl\ndef pre_migrate(run):\n    pass\n"
    )
    project.enable("greets")

    html = page(project)

    assert re.search(r"greets \w+ local plugins/greets.py pre_migrate", words(html, "plugins"))


def test_text_of_the_record_is_escaped_and_masked(migrated: Project) -> None:
    """Whoever can write the record must not run a script in an operator's browser."""
    hostile = f"{HOSTILE} {TOKEN} postgresql://u:{PASSWORD}@h/d \x1b[31m\x07 \" onload='x'"
    migrated.query(
        "update migrator.run set outcome = 'failed', command = %s, target = %s, error ="
        " jsonb_build_object('code', %s::text, 'text', %s::text, 'why', %s::text,"
        " 'statement', %s::text, 'file', %s::text, 'line', 1, 'sqlstate', %s::text)",
        *[hostile] * 8,
    )
    migrated.query("update migrator.step set revision = %s, outcome = 'failed'", hostile)

    html = page(migrated)

    assert HOSTILE in words(html, "runs")
    assert "<script" not in html
    assert TOKEN not in html
    assert PASSWORD not in html
    assert "\x1b" not in html
    assert "onload='x'" not in html


def test_text_of_plugins_and_revisions_is_escaped_and_masked(project: Project) -> None:
    check = (
        "from sst.hooks import Check, CheckResult, CheckStatus, hookimpl\n\n"
        f"said = {f'{HOSTILE} {TOKEN} `{HOSTILE}`'!r}\n\n"
        "def ask(inspection):\n    return CheckResult(CheckStatus.WARN, said)\n\n"
        "@hookimpl\ndef register_checks():\n    return [Check(said, ask)]\n"
    )
    project.plugin("hostile", check)
    project.enable("hostile")
    file = next((project.root / "alembic" / "versions").glob("*.py"))
    file.write_text(f'"""{HOSTILE} {TOKEN}"""\n' + file.read_text().partition("\n")[2])

    html = page(project)

    assert HOSTILE in words(html, "checks")
    assert HOSTILE in words(html, "pending")
    assert "<script" not in html
    assert TOKEN not in html


def test_last_twenty_runs_are_shown_and_a_hundred_on_demand(migrated: Project) -> None:
    more_runs(migrated, 150)

    few, all_ = page(migrated), page(migrated, "/state?runs=all")

    assert few.count("<summary>") - 1 == 20
    assert "Show the last 100" in few
    assert all_.count("<summary>") - 1 == 100


def test_other_parameters_of_the_address_change_nothing(migrated: Project) -> None:
    html = page(migrated, f"/state?runs={HOSTILE}&x=%00&runs=99999999999")

    assert "alert(1)" not in html


def test_run_at_work_is_shown_with_how_far_it_is(migrated: Project) -> None:
    migrated.revision("two")
    migrated.revision("three", "op.execute('select pg_sleep(600)')")
    run = migrated.start("upgrade")
    try:
        wait_until(lambda: step_of(migrated, "three"), "the third revision is at work")
        html = page(migrated)
    finally:
        run.signal(signal.SIGTERM)
        run.finish()

    assert "upgrade head is at work, in revision three" in words(html, "now")
    assert "1 of 2 revisions applied" in words(html, "running")
    assert "In revision three" in words(html, "running")


def test_plan_is_shown_as_an_earlier_plan_has_seen_it(migrated: Project) -> None:
    migrated.revision("two", "op.execute('alter table one alter column id type bigint')")
    migrated.enable("backup")
    same = {
        "SERVED_PROJECT": str(migrated.root),
        "XDG_CACHE_HOME": str(migrated.root / ".cache"),
    }

    with serve_project(migrated, **same) as served:
        before = words(served.get("/state", token=TOKEN).text, "pending")
        assert migrated.migrate("plan", **same).exit_code == 0
        wait_until(lambda: "rehearsed" in pending_of(served).lower(), "the plan is shown")
        after = pending_of(served)

    assert "when a rehearsal of this plan is kept on this machine" in before
    assert "alter table one alter column id type bigint" in after
    assert "blocks reads and writes of one, rewrites" in after
    assert "AccessExclusive" in after


def test_page_runs_no_revision_and_changes_nothing(migrated: Project) -> None:
    """Not even the copy that a rehearsal makes."""
    migrated.revision("two", "op.execute('create table two (id int)')")
    name = make_url(migrated.database_url).database
    asked = "select datname from pg_database where datname like %s order by 1"
    before = migrated.query(asked, f"%{name}%"), migrated.query("select * from migrator.run")

    html = page(migrated)

    after = migrated.query(asked, f"%{name}%"), migrated.query("select * from migrator.run")
    assert "1 revision" in words(html, "pending")
    assert after == before


def pending_of(served: Served) -> str:
    """Return what the page of *served* says of the pending revisions."""
    return words(served.get("/state", token=TOKEN).text, "pending")


def step_of(project: Project, revision: str) -> list[tuple[object, ...]]:
    """Return the step of *revision*, if it is on record."""
    return project.query("select 1 from migrator.step where revision = %s", revision)


def more_runs(project: Project, count: int) -> None:
    """Put copies of the last run on record, each a minute older."""
    project.query(
        "insert into migrator.run select (jsonb_populate_record(r, jsonb_build_object("
        "'id', r.id || '-' || n, 'started_at', r.started_at - n * interval '1 minute',"
        " 'finished_at', r.finished_at - n * interval '1 minute'))).*"
        " from migrator.run r, generate_series(1, %s) n",
        count,
    )
