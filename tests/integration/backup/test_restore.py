"""`backup` and `restore` as an operator uses them, and everything that gets in their way."""

from __future__ import annotations

import signal
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from app.db.url import DatabaseUrl
from plugins.backup.server import connected
from plugins.backup.tools import find_tools
from tests.support.backups import execute, fetch
from tests.support.forks import wait_until
from tests.support.pg_tools import write_program
from tests.support.server import connect
from tests.support.sessions import other_session
from tests.support.swaps import Clients, drop_family

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.forks import Running
    from tests.support.project import Outcome, Project
    from tests.support.server import TestServer

# $1 of `pg_restore --version` is passed on; anything else does what the test wants.
_RESTORE = """#!/bin/sh
[ "$1" = --version ] && exec '{real}' --version
case "$*" in *--file=*) exec '{real}' "$@";; esac
touch '{marker}'
{body}
"""


@dataclass
class Shop:
    """A project at revision `one` with a backup, and then at `two`."""

    project: Project
    server: TestServer
    backup_id: str

    @property
    def live(self) -> str:
        return DatabaseUrl(self.project.database_url).name

    def family(self) -> list[str]:
        """Return the databases whose names begin with the live one's."""
        with connected(DatabaseUrl(self.project.database_url)) as outside:
            return outside.names(f"^{self.live}")

    def rows(self) -> list[tuple[Any, ...]]:
        return self.project.query("SELECT word FROM whoami")

    def slowly(self, tmp_path: Path, body: str = "exec sleep 20") -> Running:
        """Start a restore with a pg_restore that does *body*; return when it is called."""
        real = find_tools(int(self.project.query("SHOW server_version_num")[0][0]) // 10_000)
        folder, marker = tmp_path / "bin", tmp_path / "called"
        folder.mkdir()
        (folder / "pg_dump").symlink_to(real.pg_dump)
        text = _RESTORE.format(real=real.pg_restore, marker=marker, body=body)
        write_program(folder / "pg_restore", text)
        words = ["restore", self.backup_id, "--set", f"plugins.backup.pg_bin={folder}"]
        running = self.project.start(*words)
        wait_until(lambda: marker.exists() or running.has_ended, "pg_restore is called")
        return running


@pytest.fixture
def shop(project: Project, server: TestServer) -> Iterator[Shop]:
    """Return a project that has migrated past its backup; every database of it is dropped."""
    project.enable("backup")
    project.revision("one", "op.execute(\"CREATE TABLE whoami AS SELECT text 'one' AS word\")")
    project.migrate("upgrade")
    project.revision("two", "op.execute(\"UPDATE whoami SET word = 'two'\")")
    upgraded = project.migrate("upgrade", "--json")
    yield Shop(project, server, upgraded.json["backup"]["id"])
    drop_family(server.url, DatabaseUrl(project.database_url).name)


@pytest.mark.external
def test_restore_and_the_way_back(shop: Shop) -> None:
    with Clients(shop.project.database_url, count=2) as clients:
        restored = shop.project.migrate("restore", shop.backup_id, "--json")
        assert restored.exit_code == 0, restored.output
        assert (shop.rows(), shop.project.current_revision()) == ([("one",)], "one")
        assert shop.project.migrate("check").exit_code == 3, "revision two is pending again"

        undone = shop.project.migrate("restore", "--undo", "--json")

    assert undone.exit_code == 0, undone.output
    assert (shop.rows(), shop.project.current_revision()) == ([("two",)], "two")
    assert clients.words == {"one", "two"}
    data = restored.json["data"]
    assert data["heads"] == ["one"]
    assert 0 < data["cut_off_ms"] < 5000
    assert data["kept_as"].startswith(f"{shop.live}_before_")
    assert shop.project.migrate("check").exit_code == 0
    [(command, outcome)] = shop.project.query(
        "SELECT command, outcome FROM migrator.run WHERE id = %s", restored.json["run_id"]
    )
    assert (command, outcome) == ("restore", "succeeded")


def test_upgrade_after_a_restore_goes_on_from_there(shop: Shop) -> None:
    shop.project.migrate("restore", shop.backup_id)

    again = shop.project.migrate("upgrade")

    assert again.exit_code == 0, again.output
    assert shop.rows() == [("two",)]


@pytest.mark.external
def test_restore_that_is_killed_leaves_the_live_database(shop: Shop, tmp_path: Path) -> None:
    """The half-made database is dropped by the next restore."""
    running = shop.slowly(tmp_path)
    running.signal(signal.SIGKILL)
    running.finish()
    assert shop.rows() == [("two",)]
    [half_made] = [name for name in shop.family() if "_restore_" in name]

    again = shop.project.migrate("restore", shop.backup_id, "--drop-old", "--confirm", shop.live)

    assert again.exit_code == 0, again.output
    assert half_made in again.stderr
    assert shop.family() == [shop.live]
    assert shop.rows() == [("one",)]


def test_interrupted_restore_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    running = shop.slowly(tmp_path)
    running.signal(signal.SIGINT)

    interrupted = running.finish()

    assert interrupted.exit_code == 130, interrupted.output
    assert f"why:  {shop.live} is as it was\n" in interrupted.stderr
    assert shop.family() == [shop.live]
    assert shop.project.last_run()["outcome"] == "interrupted"


def test_pg_restore_that_is_killed_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    running = shop.slowly(tmp_path, "kill -KILL $$")

    failed = running.finish()

    assert failed.exit_code == 5, failed.output
    assert "SIGKILL" in failed.stderr
    assert shop.family() == [shop.live]
    assert shop.rows() == [("two",)]


def test_restore_keeps_every_other_work_out(shop: Shop, tmp_path: Path) -> None:
    running = shop.slowly(tmp_path)

    second = shop.project.migrate("restore", shop.backup_id, "--lock-wait", "0")
    migration = shop.project.migrate("downgrade", "one", "--lock-wait", "0")
    backup = shop.project.migrate("backup", "create", "--lock-wait", "0")

    running.signal(signal.SIGTERM)
    assert running.finish().exit_code == 143
    assert [second.exit_code, migration.exit_code, backup.exit_code] == [75, 75, 75]
    assert shop.rows() == [("two",)]


def test_restore_while_a_migration_runs_is_worth_another_try(shop: Shop) -> None:
    shop.project.revision("three", "op.execute('LOCK TABLE whoami')")
    with other_session(shop.project, "SELECT FROM whoami"):
        migration = shop.project.start("upgrade")
        wait_until(lambda: "applying three" in migration.printed(), "the revision runs")

        refused = shop.project.migrate("restore", shop.backup_id, "--lock-wait", "0")

    assert refused.exit_code == 75, refused.output
    assert migration.finish().exit_code == 0
    assert shop.family() == [shop.live]


def test_production_asks_for_the_name(shop: Shop) -> None:
    shop.project.environment["ENV_FOR_DYNACONF"] = "production"
    words = ("restore", shop.backup_id, "--lock-wait", "0")

    unasked = shop.project.migrate(*words)
    mistaken = shop.project.migrate(*words, "--confirm", "another")

    assert (unasked.exit_code, mistaken.exit_code) == (5, 5)
    assert f"--confirm {shop.live}" in unasked.stderr
    assert shop.rows() == [("two",)]


def test_backup_of_another_database_asks_for_the_name(shop: Shop) -> None:
    """A slip of the hand would put the wrong data in place; staging from production is fine."""
    other = shop.server.create_database()
    try:
        shop.project.database_url = other
        shop.project.migrate("upgrade")

        refused = shop.project.migrate("restore", shop.backup_id)
        meant = shop.project.migrate(
            "restore", shop.backup_id, "--confirm", DatabaseUrl(other).name
        )

        assert refused.exit_code == 5
        assert meant.exit_code == 0, meant.output
        assert shop.rows() == [("one",)]
    finally:
        drop_family(shop.server.url, DatabaseUrl(other).name)


def test_role_that_the_server_lacks_is_named_before_anything(shop: Shop) -> None:
    role = f"gone_{shop.live}"
    execute(shop.server.url, f"CREATE ROLE {role}")
    shop.project.query(f"ALTER TABLE whoami OWNER TO {role}")
    made = shop.project.migrate("backup", "create", "--json").json["backup"]["id"]
    shop.project.query("ALTER TABLE whoami OWNER TO CURRENT_USER")
    execute(shop.server.url, f"DROP ROLE {role}")

    refused = shop.project.migrate("restore", made, "--json")
    without = shop.project.migrate("restore", made, "--no-owner")

    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "missing_roles"
    assert role in refused.json["error"]["message"]
    assert without.exit_code == 0, without.output


@pytest.mark.external
def test_lost_database_is_created_from_its_backup(shop: Shop) -> None:
    shop.project.query(f"ALTER DATABASE {shop.live} SET work_mem TO '7MB'")
    made = shop.project.migrate("backup", "create", "--json").json["backup"]["id"]
    drop_family(shop.server.url, shop.live)

    restored = shop.project.migrate("restore", made)

    assert restored.exit_code == 0, restored.output
    assert shop.rows() == [("two",)]
    assert shop.project.query("SHOW work_mem") == [("7MB",)]
    assert shop.project.last_run()["command"] == "restore"
    assert shop.project.migrate("check").exit_code == 0


def test_damaged_archive_is_refused_and_nothing_touched(shop: Shop) -> None:
    archive = shop.project.root / "backups" / shop.backup_id / "archive.dump"
    archive.write_bytes(archive.read_bytes()[:-100])

    refused = shop.project.migrate("restore", shop.backup_id, "--json")

    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "backup_damaged"
    assert shop.family() == [shop.live]


def test_list_and_show_do_without_a_database(shop: Shop) -> None:
    shop.project.database_url = "postgresql://user@127.0.0.1:1/nowhere"

    listed = shop.project.migrate("backup", "list")
    shown = shop.project.migrate("backup", "show", shop.backup_id)

    assert (listed.exit_code, shown.exit_code) == (0, 0), listed.output + shown.output
    assert len(listed.stdout.splitlines()) == 2
    newest_first = [line.split("\t")[0] for line in listed.stdout.splitlines()]
    assert newest_first == sorted(newest_first, reverse=True)
    assert "revision\tone\n" in shown.stdout


def test_verify_restores_into_a_scratch_database(shop: Shop) -> None:
    verified = shop.project.migrate("backup", "verify", shop.backup_id, "--level", "restore")

    assert verified.exit_code == 0, verified.output
    assert verified.stdout.startswith(f"sound\t{shop.backup_id}\trestore\t")
    assert shop.family() == [shop.live]


def test_prune_drops_what_no_rule_keeps(shop: Shop) -> None:
    kept = _outcome(shop.project.migrate("restore", shop.backup_id, "--json"))["kept_as"]
    rules = ("--set", "plugins.backup.keep_last=1", "--set", "plugins.backup.keep_replaced_days=0")

    foreseen = _outcome(shop.project.migrate("backup", "prune", "--dry-run", "--json", *rules))
    young = _outcome(shop.project.migrate("backup", "prune", "--json"))
    pruned = _outcome(shop.project.migrate("backup", "prune", "--json", *rules))

    assert [each["name"] for each in young["kept_databases"]] == [kept]
    assert foreseen["backups"] == pruned["backups"]
    assert len(pruned["backups"]) == 1
    assert shop.backup_id not in pruned["backups"], "it is the newest"
    assert [each["name"] for each in pruned["replaced_databases"]] == [kept]
    assert shop.family() == [shop.live]
    assert len(list((shop.project.root / "backups").iterdir())) == 1


@pytest.mark.external
def test_failed_run_goes_back_at_once_by_its_template_copy(shop: Shop) -> None:
    shop.project.revision("three", "op.execute(\"UPDATE whoami SET word = 'three'\")")
    shop.project.revision("four", "op.execute('SELECT 1/0')")
    shop.project.settings["plugins.backup.snapshot"] = "template"

    failed = shop.project.migrate("upgrade", "--set", "migrate.on_failure=restore")

    assert failed.exit_code == 1, failed.output
    assert "restoring from the template copy" in failed.stderr
    assert (shop.rows(), shop.project.current_revision()) == ([("two",)], "two")
    assert [name for name in shop.family() if "_snapshot_" in name] == [], "it is live now"


def test_somebody_on_the_database_means_no_template_copy(shop: Shop) -> None:
    """The dump stands: it is a warning that names who is there, and no refusal."""
    shop.project.revision("three")
    shop.project.settings["plugins.backup.snapshot"] = "template"

    with closing(connect(shop.project.database_url)) as other:
        migrated = shop.project.migrate("upgrade")

        assert migrated.exit_code == 0, migrated.output
        assert f"other sessions are on it: {other.info.backend_pid}" in migrated.stderr

    assert shop.family() == [shop.live]


def test_restore_says_which_words_it_needs(shop: Shop) -> None:
    nothing = shop.project.migrate("restore")
    both = shop.project.migrate("restore", shop.backup_id, "--undo")

    assert (nothing.exit_code, both.exit_code) == (2, 2)


def test_no_secret_is_printed(shop: Shop) -> None:
    url = DatabaseUrl(shop.project.database_url).for_psycopg2().set(password="c4n4ry'p@ss")
    shop.project.database_url = url.render_as_string(hide_password=False)

    restored = shop.project.migrate("restore", shop.backup_id, "--debug")

    assert restored.exit_code == 0, restored.output
    assert "c4n4ry" not in restored.output
    assert fetch(shop.project.database_url, "SELECT word FROM whoami") == [("one",)]


def _outcome(outcome: Outcome) -> dict[str, Any]:
    assert outcome.exit_code == 0, outcome.output
    data: dict[str, Any] = outcome.json["data"]
    return data
