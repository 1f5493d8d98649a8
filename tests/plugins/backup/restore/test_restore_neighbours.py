"""A restore and the runs of other Alembic projects in the same database: never side by side."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
import pytest

from tests.support.backups import fetch
from tests.support.forks import wait_until
from tests.support.neighbours import HEADS, at_work, go, neighbour
from tests.support.server import connect
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project
    from tests.support.shops import Shop

_MOVED = "UPDATE alembic_version SET version_num = version_num"


@pytest.fixture
def beside(shop: Shop, tmp_path: Path) -> Project:
    """Return another project in the shop's database."""
    return neighbour(tmp_path / "neighbour", shop.project.database_url)


@pytest.mark.external
def test_restore_beside_the_run_of_another_project_is_refused(shop: Shop, beside: Project) -> None:
    running = at_work(beside)

    refused = shop.restore("--lock-wait", "0", "--json")

    assert (refused.exit_code, refused.json["error"]["code"]) == (75, "lock_busy")
    assert "sst-migrate" in refused.json["error"]["message"]
    assert shop.family() == [shop.live]
    assert shop.project.last_run()["outcome"] == "refused"
    go(beside)
    assert running.finish().exit_code == 0
    assert beside.query(HEADS) == [("second",)]


def test_restore_waits_for_the_run_of_another_project(shop: Shop, beside: Project) -> None:
    """What that run has reported is in the database that is kept, all of it."""
    running = at_work(beside)
    restore = shop.project.start("restore", shop.backup_id, "--json", *shop.confirmed)
    wait_until(lambda: "waiting for sst-migrate" in restore.printed(), "the restore waits")

    go(beside)

    assert running.finish().exit_code == 0
    restored = restore.finish()
    assert restored.exit_code == 0, restored.output
    assert shop.rows() == [("one",)]
    [kept] = [name for name in shop.family() if "_before_" in name]
    assert restored.json["data"]["kept_as"] == kept
    assert fetch(beside.database_url.replace(shop.live, kept), HEADS) == [("second",)]


def test_nothing_of_another_project_begins_beside_a_restore(
    shop: Shop, beside: Project, tmp_path: Path
) -> None:
    beside.revision("first")
    restore = shop.slowly(tmp_path)

    run = beside.migrate("upgrade", "--lock-wait", "0", "--json")
    stamp = beside.migrate("stamp", "head", "--lock-wait", "0")

    assert (run.exit_code, run.json["error"]["code"]) == (75, "lock_busy")
    assert "of the whole database, as a restore does" in run.json["error"]["message"]
    assert stamp.exit_code == 75
    assert beside.query("SELECT to_regclass('neighbour_version')") == [(None,)]
    restore.signal(signal.SIGKILL)
    restore.finish()


def test_run_of_an_older_image_is_seen(shop: Shop) -> None:
    """It has the lock of its project only, whose key says nothing."""
    url = shop.project.database_url.replace("+psycopg2", "")
    with closing(psycopg2.connect(url, application_name="sst-migrate older")) as older:
        older.cursor().execute("SELECT pg_advisory_lock(4711)")
        older.commit()

        refused = shop.restore("--lock-wait", "0", "--json")

        assert (refused.exit_code, refused.json["error"]["code"]) == (75, "lock_busy")
        assert (
            f"sst-migrate older (pid {older.info.backend_pid}"
            in (refused.json["error"]["message"])
        )
    assert shop.rows() == [("two",)]


def test_plain_alembic_in_a_transaction_is_seen(shop: Shop) -> None:
    with other_session(shop.project, _MOVED):
        refused = shop.restore("--lock-wait", "0", "--json")

    assert (refused.exit_code, refused.json["error"]["code"]) == (75, "lock_busy")
    assert shop.family() == [shop.live]


def test_plain_alembic_that_commits_each_revision_is_seen_within_one(shop: Shop) -> None:
    """Its transaction looks at the version table only when the revision's own work is done."""
    with other_session(shop.project, "CREATE TABLE of_a_revision (id integer)"):
        refused = shop.restore("--lock-wait", "0", "--json")

    assert (refused.exit_code, refused.json["error"]["code"]) == (75, "lock_busy")
    assert shop.family() == [shop.live]


def test_session_that_only_reads_the_version_table_is_no_run(shop: Shop) -> None:
    """Readiness is asked all the time."""
    with closing(connect(shop.project.database_url)) as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM alembic_version")

        restored = shop.restore("--lock-wait", "0")

    assert restored.exit_code == 0, restored.output


def test_failed_run_is_not_taken_back_under_the_run_of_another_project(
    shop: Shop, beside: Project
) -> None:
    running = at_work(beside)
    shop.project.revision("three", "op.execute('create table three ()')")
    shop.project.revision("four", "op.execute('select 1/0')")

    failed = shop.project.migrate(
        *("upgrade", "--json", "--lock-wait", "0", "--set", "migrate.on_failure=restore")
    )

    assert failed.exit_code == 1, failed.output
    assert "perhaps of another project" in failed.output
    assert shop.project.current_revision() == "three"
    go(beside)
    assert running.finish().exit_code == 0
    assert beside.query(HEADS) == [("second",)]
