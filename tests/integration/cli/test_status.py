"""`status`: one screen that says what matters first, in every state that a database can be in."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chain import kill_asleep, start_asleep, write_chain
from tests.support.forked_terminal import ForkedTerminal
from tests.support.forks import wait_until
from tests.support.lock_holder import lock_holder
from tests.support.project import REPOSITORY
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Outcome, Project

WAITING = """
    select 1 from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
"""
NO_RECORD = [(None,)]


@pytest.fixture
def chain(project: Project) -> Project:
    """Return a project of three revisions; the second does what a file in the folder says."""
    write_chain(project)
    project.revision("three")
    return project


@pytest.fixture
def applied(chain: Project) -> Project:
    """Return the project with everything applied."""
    assert chain.migrate("upgrade").exit_code == 0
    return chain


@pytest.fixture
def failed(chain: Project) -> Project:
    """Return the project after a run that failed in its second revision."""
    (chain.root / "broken").touch()
    assert chain.migrate("upgrade").exit_code == 1
    return chain


def status(project: Project, **environment: str) -> dict[str, Any]:
    """Return what `status --json` prints."""
    return dict(project.migrate("status", "--json", **environment).json)


def rows(result: Outcome) -> dict[str, list[str]]:
    """Return the fields of each row of the screen, by its label."""
    found: dict[str, list[str]] = {}
    for line in result.stdout.splitlines()[1:]:
        label, *fields = line.split("\t")
        found.setdefault(label, fields)
    return found


def test_database_that_was_never_migrated_is_told_and_left_alone(chain: Project) -> None:
    text = chain.migrate("status")
    found = status(chain)

    assert text.exit_code == found["exit_code"] == 3
    assert text.stdout.splitlines()[0] == "No revision is applied; 3 are pending."
    assert (found["state"], found["error"]["code"]) == ("empty", "pending")
    assert [found[name] for name in ("running", "last_run", "failed_run", "last_backup")] == [
        None,
        None,
        None,
        None,
    ]
    assert [item["revision"] for item in found["pending"]] == ["one", "two", "three"]
    assert rows(text)["drift"] == [
        "the schema was not compared: no run has left a fingerprint yet"
    ]
    for line in ("pending\t3 revisions", "pending\tone\tone", "pending\tthree\tthree"):
        assert line in text.stdout.splitlines()
    assert chain.query("select to_regnamespace('migrator')") == NO_RECORD


def test_database_at_head_is_up_to_date_and_names_its_last_run(applied: Project) -> None:
    text = applied.migrate("status")
    found = status(applied)

    assert text.exit_code == found["exit_code"] == 0
    assert text.stdout.splitlines()[0] == "The database is up to date."
    assert rows(text)["next"] == ["nothing to do"]
    assert rows(text)["running"] == rows(text)["pending"] == ["nothing"]
    assert (found["state"], found["protected"], found["drift"]) == ("up_to_date", False, [])
    assert (found["last_run"]["outcome"], found["failed_run"]) == ("succeeded", None)
    assert found["database"] == rows(text)["database"][0]


def test_environment_of_live_data_is_told(applied: Project) -> None:
    settings = applied.root / "settings.toml"
    settings.write_text(f"{settings.read_text()}\n[live]\nprotected = true\n")

    text = applied.migrate("status", ENVIRONMENT="live")

    assert rows(text)["environment"][:2] == ["live", "protected"]


def test_database_of_another_environment_is_told(applied: Project) -> None:
    """A run would be refused: the wrong DATABASE_URL is seen here first."""
    told = applied.migrate("status", ENV_FOR_DYNACONF="production")

    assert "but the last run was made in development" in told.stdout
    assert "last run was made in" not in applied.migrate("status").stdout


def test_failed_run_is_what_is_read_first(failed: Project) -> None:
    text = failed.migrate("status")
    found = status(failed)

    first, *others = text.stdout.splitlines()
    assert first == "The last run failed at revision two; 2 revisions are pending."
    assert others[2].startswith("last run\tupgrade head\tfailed at revision two: ")
    assert 'relation "nowhere" does not exist' in others[2]
    assert "upgrade head" in rows(text)["next"][0]
    assert found["last_run"] == found["failed_run"]
    assert found["failed_run"]["error"]["revision"] == "two"
    assert found["exit_code"] == 3


def test_later_success_makes_good_what_had_failed(failed: Project) -> None:
    (failed.root / "broken").unlink()
    assert failed.migrate("upgrade").exit_code == 0

    text = failed.migrate("status")

    assert text.exit_code == 0
    assert text.stdout.splitlines()[0] == "The database is up to date."
    assert "nowhere" not in text.output


def test_failure_before_a_refused_run_is_still_there(failed: Project) -> None:
    failed.fail_at("pre_migrate", veto=True)
    failed.migrate("upgrade")

    text = failed.migrate("status")
    found = status(failed)

    assert found["last_run"]["outcome"] == "refused"
    assert found["failed_run"]["outcome"] == "failed"
    assert "failed at revision two" in rows(text)["failed run"][1]


def test_killed_run_is_told_with_its_remedy(chain: Project) -> None:
    (chain.root / "slow").touch()
    kill_asleep(chain, start_asleep(chain))

    text = chain.migrate("status")
    found = status(chain)

    assert text.exit_code == 3
    assert "was interrupted during revision two" in text.stdout.splitlines()[0]
    assert rows(text)["next"] == ["run `python migrate.py upgrade`: it goes on from there"]
    assert (found["state"], found["failed_run"]["outcome"]) == ("interrupted", "interrupted")
    assert "was killed in revision two" in rows(text)["last run"][1]


@pytest.fixture
def blocked(chain: Project) -> Iterator[Project]:
    """Return a project whose run waits in its second revision for the session `nightly`."""
    chain.migrate("upgrade", "one")
    (chain.root / "locked").touch()
    with closing(connect(chain.database_url)) as other, other.cursor() as cursor:
        cursor.execute("set application_name = 'nightly'")
        cursor.execute("begin")
        cursor.execute("lock table one in access share mode")
        run = chain.start("upgrade", "--set", "migrate.lock_retry_seconds=600")
        wait_until(lambda: chain.query(WAITING), "the revision waits")
        wait_until(lambda: status(chain)["running"]["waits_for"], "status sees it wait")
        yield chain
    assert run.finish().exit_code == 0


def test_run_at_work_says_who_where_and_for_whom_it_waits(blocked: Project) -> None:
    text = blocked.migrate("status")
    found = status(blocked)

    running = found["running"]
    assert found["exit_code"] == 3, found["error"]
    assert text.stdout.splitlines()[0] == (
        "`upgrade head` is at work, in revision two, and blocked by others."
    )
    assert (running["outcome"], running["revision"]) == ("running", "two")
    assert running["running_ms"] >= 0
    assert {each["application"] for each in running["waits_for"]} <= {"nightly"}
    row = rows(text)["running"]
    assert row[0] == "upgrade head"
    assert f"by {running['who']['os_user']}@{running['who']['host']}" in row
    # Between two attempts it waits for nobody, and the record has who was in the way.
    [blocker] = rows(text).get("waits for") or rows(text)["blocked by"]
    assert "(nightly, " in blocker
    check = blocked.migrate("check")
    assert found["exit_code"] == check.exit_code == 3
    assert "next: run `python migrate.py upgrade`" not in check.stderr
    wait_until(
        lambda: "or end the session that is in its way" in blocked.migrate("check").stderr,
        "check sees it wait, which it does not between two attempts",
    )


def test_lock_that_is_held_without_a_record_is_told(applied: Project) -> None:
    with lock_holder(applied, on_record=False):
        found = status(applied)
        text = applied.migrate("status")

    assert found["running"]["command"] is None
    assert "sst-migrate" in found["running"]["holder"]
    assert found["exit_code"] == 0
    assert "the run's lock is held" in text.stdout.splitlines()[0].lower()
    assert status(applied)["running"] is None


UNWELL = """
from sst.hooks import Check, CheckResult, CheckStatus, hookimpl

@hookimpl
def register_checks():
    return [Check("unwell", lambda look: CheckResult(CheckStatus.FAIL, "never well"))]
"""


def test_checks_of_plugins_are_not_asked(applied: Project) -> None:
    applied.plugin("unwell", UNWELL)
    applied.enable("unwell")

    assert applied.migrate("check").exit_code == 3
    assert applied.migrate("status").exit_code == 0


def test_drift_is_a_line_and_exit_3(applied: Project) -> None:
    applied.query("alter table one add column stray integer")

    text = applied.migrate("status")
    found = status(applied)

    assert text.exit_code == found["exit_code"] == 3
    assert [(each["check"], each["code"]) for each in found["drift"]] == [
        ("schema", "schema_changed")
    ]
    assert "stray" in rows(text)["drift"][0]


def test_unreachable_server_is_the_usual_error(chain: Project) -> None:
    result = chain.migrate("status", "--json", DATABASE_URL="postgresql://u@127.0.0.1:1/nowhere")

    assert (result.exit_code, result.json["error"]["code"]) == (75, "database_unreachable")
    assert [result.json[name] for name in ("running", "last_run", "drift", "protected")] == [
        None,
        None,
        None,
        None,
    ]


def test_database_that_does_not_answer_hangs_no_screen(applied: Project) -> None:
    """A table of the record is locked, as a VACUUM FULL would; a frozen server is the same."""
    applied.settings |= {"migrate.server_silence": "1", "db_connect_timeout": "2"}
    with closing(connect(applied.database_url)) as other, other.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table migrator.run in access exclusive mode")

        result = applied.migrate("status", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (75, "database_unreachable")
    assert "does not answer" in result.json["error"]["message"]


def test_record_of_an_older_version_is_read_as_it_is(applied: Project) -> None:
    applied.query("alter table migrator.run drop column git_dirty, drop column gate")
    applied.query("comment on schema migrator is 'ledger version 1'")

    found = status(applied)

    assert (found["exit_code"], found["last_run"]["git_dirty"]) == (0, None)
    assert (
        applied.query("select 1 from information_schema.columns where column_name = 'gate'") == []
    )


def test_other_words_for_it_lead_there(applied: Project) -> None:
    for word in ("st", "info"):
        result = applied.migrate(word, "--json")

        assert (result.exit_code, result.json["command"]) == (0, "status")


@pytest.mark.parametrize(("columns", "at_most"), [(80, 24), (120, 18)])
def test_screen_of_a_failed_run_fits_the_terminal(
    failed: Project, columns: int, at_most: int
) -> None:
    environ = {"DATABASE_URL": failed.database_url, "PATH": ""}

    with ForkedTerminal(
        ["status"], environ=environ, folder=failed.root, columns=columns
    ) as terminal:
        exit_code = terminal.finish()
        lines = [line.rstrip() for line in terminal.text.splitlines() if line.strip()]

    assert exit_code == 3
    assert lines[0] == "The last run failed at revision two; 2 revisions are pending."
    assert len(lines) <= at_most
    assert "`sst upgrade head` again" in " ".join(" ".join(lines).split())


def test_nothing_is_imported_that_it_does_not_need(applied: Project) -> None:
    """It is asked again and again while a site is down."""
    applied.enable("backup", "health_check", "notify")
    script = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from sst.cli import main\n"
        "main(['status', '--json'], Path.cwd())\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=applied.root,
        env={"DATABASE_URL": applied.database_url, "PYTHONPATH": str(REPOSITORY), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    answer, modules = map(json.loads, done.stdout.splitlines())
    tops = {name.partition(".")[0] for name in modules}
    parts = {name.partition(".")[2] for name in modules if name.startswith("sst_plugins")}
    assert answer["exit_code"] == 0
    assert not tops & {
        "fastapi",
        "uvicorn",
        "starlette",
        "rich",
        "httpx",
        "fsspec",
        "boto3",
        "pyte",
    }
    assert not {name for name in parts if name.startswith("backup.make.make")}
    assert not {"sst.web", "sst.testing", "sst.cli.check", "sst.cli.upgrade"} & set(modules)
