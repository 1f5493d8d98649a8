"""`backup` and `restore` as an operator uses them, and everything that gets in their way."""

from __future__ import annotations

import shutil
import signal
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from plugins.backup.manifest.manifest import Manifest
from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.restore.template_copy import CLOSED, require_alone
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.backups import execute, fetch
from tests.support.forks import wait_until
from tests.support.server import connect
from tests.support.sessions import other_session
from tests.support.swaps import Clients, drop_family

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Outcome, Project
    from tests.support.shops import Shop


@pytest.mark.external
def test_restore_and_the_way_back(shop: Shop) -> None:
    with Clients(shop.project.database_url, count=2) as clients:
        restored = shop.restore("--json")
        assert restored.exit_code == 0, restored.output
        assert (shop.rows(), shop.project.current_revision()) == ([("one",)], "one")
        assert shop.project.migrate("check").exit_code == 3, "revision two is pending again"

        undone = shop.undo("--json")

    assert undone.exit_code == 0, undone.output
    assert (shop.rows(), shop.project.current_revision()) == ([("two",)], "two")
    assert clients.words == {"one", "two"}
    data = restored.json["data"]
    assert data["heads"] == ["one"]
    assert 0 < data["cut_off_ms"] < 5000
    assert data["kept_as"].startswith(f"{shop.live}_before_")
    [(command, outcome)] = shop.project.query(
        "SELECT command, outcome FROM migrator.run WHERE id = %s", restored.json["run_id"]
    )
    assert (command, outcome) == ("restore", "succeeded")


def test_upgrade_after_a_restore_goes_on_from_there(shop: Shop) -> None:
    shop.restore()

    again = shop.project.migrate("upgrade")

    assert again.exit_code == 0, again.output
    assert shop.rows() == [("two",)]


def test_restore_that_is_killed_leaves_the_live_database(shop: Shop, tmp_path: Path) -> None:
    """The half-made database is dropped by the next restore."""
    running = shop.slowly(tmp_path)
    running.signal(signal.SIGKILL)
    running.finish()
    assert shop.rows() == [("two",)]
    [half_made] = [name for name in shop.family() if "_restore_" in name]

    again = shop.restore("--drop-old")

    assert again.exit_code == 0, again.output
    assert half_made in again.stderr
    assert shop.family() == [shop.live]
    assert shop.rows() == [("one",)]


def test_pg_restore_that_is_killed_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    running = shop.slowly(tmp_path, "kill -KILL $$")

    failed = running.finish()

    assert failed.exit_code == 5, failed.output
    assert "SIGKILL" in failed.stderr
    assert shop.family() == [shop.live]
    assert shop.rows() == [("two",)]


def test_restore_keeps_every_other_work_out_and_leaves_nothing_when_interrupted(
    shop: Shop, tmp_path: Path
) -> None:
    running = shop.slowly(tmp_path)

    second = shop.restore("--lock-wait", "0")
    migration = shop.project.migrate("downgrade", "one", "--lock-wait", "0")
    backup = shop.project.migrate("backup", "create", "--lock-wait", "0")

    running.signal(signal.SIGINT)
    assert running.finish().exit_code == 130
    assert [second.exit_code, migration.exit_code, backup.exit_code] == [75, 75, 75]
    assert shop.rows() == [("two",)]
    assert shop.family() == [shop.live]
    assert shop.project.last_run()["outcome"] == "interrupted"


def test_restore_while_a_migration_runs_is_worth_another_try(shop: Shop) -> None:
    shop.project.revision("three", "op.execute('LOCK TABLE whoami')")
    with other_session(shop.project, "SELECT FROM whoami"):
        migration = shop.project.start("upgrade")
        wait_until(lambda: "applying three" in migration.printed(), "the revision runs")

        refused = shop.restore("--lock-wait", "0")

    assert refused.exit_code == 75, refused.output
    assert migration.finish().exit_code == 0
    assert shop.family() == [shop.live]


def test_every_restore_asks_for_the_name(shop: Shop) -> None:
    """In every environment: what was written since the backup is live no more."""
    unasked = shop.project.migrate("restore", "latest")
    undo = shop.project.migrate("restore", "--undo")
    mistaken = shop.project.migrate("restore", shop.backup_id, "--confirm", "another")

    for refused in (unasked, undo, mistaken):
        assert refused.exit_code == 5
        assert f"--confirm {shop.live}" in refused.stderr
    assert shop.rows() == [("two",)]


def test_backup_of_another_database_may_be_restored(
    shop: Shop, make_database: Callable[[], str]
) -> None:
    """Staging from production."""
    shop.project.database_url = make_database()

    restored = shop.restore("--drop-old")

    assert restored.exit_code == 0, restored.output
    assert shop.rows() == [("one",)]


def test_role_that_the_server_lacks_is_named_before_anything(shop: Shop) -> None:
    role = f"gone_{shop.live}"
    execute(shop.server.url, f"CREATE ROLE {role}")
    shop.project.query(f"ALTER TABLE whoami OWNER TO {role}")
    made = shop.project.migrate("backup", "create", "--json").json["backup"]["id"]
    shop.project.query("ALTER TABLE whoami OWNER TO CURRENT_USER")
    execute(shop.server.url, f"DROP ROLE {role}")

    refused = shop.project.migrate("restore", made, "--json", *shop.confirmed)
    without = shop.project.migrate("restore", made, "--no-owner", *shop.confirmed)

    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "missing_roles"
    assert role in refused.json["error"]["message"]
    assert without.exit_code == 0, without.output


@pytest.mark.external
def test_lost_database_is_created_from_its_backup(shop: Shop) -> None:
    shop.project.query(f"ALTER DATABASE {shop.live} SET work_mem TO '7MB'")
    made = shop.project.migrate("backup", "create", "--json").json["backup"]["id"]
    drop_family(shop.server.url, shop.live)

    restored = shop.project.migrate("restore", made, *shop.confirmed)

    assert restored.exit_code == 0, restored.output
    assert shop.rows() == [("two",)]
    assert shop.project.query("SHOW work_mem") == [("7MB",)]
    assert shop.project.last_run()["command"] == "restore"


def test_damaged_archive_is_refused_and_nothing_touched(shop: Shop) -> None:
    archive = shop.project.root / "backups" / shop.backup_id / "archive.dump"
    archive.write_bytes(archive.read_bytes()[:-100])

    refused = shop.restore("--json")

    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "backup_damaged"
    assert shop.family() == [shop.live]


def test_list_and_show_do_without_a_database(shop: Shop) -> None:
    shop.project.database_url = "postgresql://user@127.0.0.1:1/nowhere"

    listed = shop.project.migrate("backup", "list")
    shown = shop.project.migrate("backup", "show", shop.backup_id)

    assert (listed.exit_code, shown.exit_code) == (0, 0), listed.output + shown.output
    assert len(listed.stdout.splitlines()) == 2
    # Of two that were made in one second the ids do not say which is newer.
    assert listed.stdout.startswith(f"{shop.backup_id}\t")
    assert "revision\tone\n" in shown.stdout


def test_verify_restores_into_a_scratch_database(shop: Shop) -> None:
    verified = shop.project.migrate("backup", "verify", shop.backup_id, "--level", "restore")

    assert verified.exit_code == 0, verified.output
    assert verified.stdout.startswith(f"sound\t{shop.backup_id}\trestore\t")
    assert shop.family() == [shop.live]


def test_prune_drops_what_no_rule_keeps(shop: Shop) -> None:
    kept = _outcome(shop.restore("--json"))["kept_as"]
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


def test_copy_waits_for_a_session_of_the_dump_that_is_about_to_end(shop: Shop) -> None:
    """A busy server shows a session for a moment after it was closed."""
    url = DatabaseUrl(shop.project.database_url)
    dump = psycopg2.connect(**url.for_connect(application_name="sst-backup"))
    ends = threading.Timer(0.2, dump.close)

    with closing(dump), connected(url) as server:
        ends.start()
        require_alone(server, url.name, "", 300, awaited=CLOSED)
        ends.join()


def test_copy_waits_for_nobody_else(shop: Shop) -> None:
    url = DatabaseUrl(shop.project.database_url)
    other = psycopg2.connect(**url.for_connect(application_name="psql"))

    with (
        closing(other),
        connected(url) as server,
        pytest.raises(Veto, match="other sessions are on it"),
    ):
        require_alone(server, url.name, "", 300, awaited=CLOSED)


def test_prune_drops_the_template_copy_of_a_backup_that_is_gone(shop: Shop) -> None:
    shop.project.revision("three")
    shop.project.settings["plugins.backup.snapshot"] = "template"
    migrated = shop.project.migrate("upgrade", "--json")
    [copy] = [name for name in shop.family() if "_snapshot_" in name]

    kept = _outcome(shop.project.migrate("backup", "prune", "--json"))
    shutil.rmtree(shop.project.root / "backups" / migrated.json["backup"]["id"])
    foreseen = _outcome(shop.project.migrate("backup", "prune", "--dry-run", "--json"))
    pruned = _outcome(shop.project.migrate("backup", "prune", "--json"))

    assert kept["template_copies"] == []
    assert foreseen["template_copies"] == pruned["template_copies"] == [copy]
    assert shop.family() == [shop.live]


def test_backup_that_a_beta_of_the_tools_has_written_is_proven_and_restored(shop: Shop) -> None:
    path = shop.project.root / "backups" / shop.backup_id / "manifest.json"
    made = Manifest.from_json(path.read_bytes())
    path.write_text(replace(made, tool_version=f"{made.tool_major}beta1").to_json())

    proven = shop.project.migrate("backup", "verify", shop.backup_id, "--level", "restore")
    restored = shop.restore()

    assert proven.exit_code == 0, proven.output
    assert restored.exit_code == 0, restored.output
    assert shop.rows() == [("one",)]


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


def test_restore_says_which_words_it_needs(project: Project) -> None:
    project.enable("backup")

    nothing = project.migrate("restore")
    both = project.migrate("restore", "latest", "--undo")

    assert (nothing.exit_code, both.exit_code) == (2, 2)


def test_no_secret_is_printed(shop: Shop) -> None:
    url = DatabaseUrl(shop.project.database_url).for_psycopg2().set(password="c4n4ry'p@ss")
    shop.project.database_url = url.render_as_string(hide_password=False)

    restored = shop.restore("--debug")

    assert restored.exit_code == 0, restored.output
    assert "c4n4ry" not in restored.output
    assert fetch(shop.project.database_url, "SELECT word FROM whoami") == [("one",)]


def _outcome(outcome: Outcome) -> dict[str, Any]:
    assert outcome.exit_code == 0, outcome.output
    data: dict[str, Any] = outcome.json["data"]
    return data
