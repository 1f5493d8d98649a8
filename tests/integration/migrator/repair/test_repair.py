"""`repair`: each thing that is half done, before and after; told without a yes, and on record."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chain import SLEEP, kill_asleep, start_asleep
from tests.support.faults import HELD
from tests.support.forks import wait_until
from tests.support.project import REPOSITORY
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Outcome, Project

INVALID = "select indexrelid::regclass::text from pg_index where not indisvalid order by 1"
VALIDATED = "select convalidated from pg_constraint where conname = 'positive'"


@pytest.fixture
def chain(project: Project) -> Project:
    """Make a project with one table applied, two rows in it."""
    project.revision("sites", "op.create_table('sites', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    project.query("insert into sites values (1), (2)")
    return project


def break_index(project: Project, name: str = "ix_sites") -> None:
    """Leave a unique index behind that could not be built; its rows are in order afterwards."""
    project.query("insert into sites values (1)")
    with (
        closing(connect(project.database_url)) as connection,
        connection.cursor() as cursor,
        pytest.raises(Exception, match="could not create unique index"),
    ):
        cursor.execute(f"create unique index concurrently {name} on sites (id)")
    project.query("delete from sites where ctid = (select max(ctid) from sites)")


def leave_unvalidated(project: Project) -> None:
    """Add a constraint that no row was checked against."""
    project.query("alter table sites add constraint positive check (id > 0) not valid")


def kill_a_run(project: Project) -> None:
    """Kill an upgrade in the middle of a revision."""
    project.revision("slow", SLEEP)
    kill_asleep(project, start_asleep(project))


def move_version_table(project: Project) -> None:
    """Do what another tool does: move the version table and record nothing."""
    project.revision("second")
    project.query("update alembic_version set version_num = 'second'")


def leave_reindex_copy(project: Project) -> None:
    """Leave what a REINDEX CONCURRENTLY leaves that was cancelled."""
    break_index(project)
    project.query("alter index ix_sites rename to ix_sites_ccnew")


def findings(result: Outcome) -> list[tuple[str, str]]:
    """Return code and outcome of each finding."""
    return [(item["code"], item["outcome"]) for item in result.json["findings"]]


def snapshot(project: Project) -> list[Any]:
    """Return everything that a repair could change."""
    return [
        project.query(INVALID),
        project.query("select conname, convalidated from pg_constraint order by 1"),
        project.query("select id, outcome from migrator.run order by started_at"),
        project.current_revision(),
    ]


DAMAGES = [
    (break_index, "invalid_index", "REINDEX INDEX CONCURRENTLY public.ix_sites"),
    (leave_reindex_copy, "index_leftover", "DROP INDEX CONCURRENTLY public.ix_sites_ccnew"),
    (leave_unvalidated, "unvalidated_constraint", "VALIDATE CONSTRAINT positive"),
    (kill_a_run, "dead_run", "mark it as interrupted"),
    (move_version_table, "ledger_disagrees", "on record"),
]
every_damage = pytest.mark.parametrize(
    ("damage", "code", "remedy"), DAMAGES, ids=[code for _, code, _ in DAMAGES]
)


def test_healthy_database_needs_no_repair(chain: Project) -> None:
    result = chain.migrate("repair", "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert (result.json["findings"], result.json["run_id"]) == ([], None)
    assert chain.query("select count(*) from migrator.run") == [(1,)]


def test_database_without_a_record_gets_none(project: Project) -> None:
    project.revision("sites")

    listed, mended = project.migrate("repair"), project.migrate("repair", "--yes")

    assert (listed.exit_code, mended.exit_code) == (0, 0), listed.output + mended.output
    assert project.query("select to_regnamespace('migrator')") == [(None,)]


@every_damage
def test_without_a_yes_it_is_only_told(
    chain: Project, damage: Callable[[Project], None], code: str, remedy: str
) -> None:
    damage(chain)
    before = snapshot(chain)

    result = chain.migrate("repair", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (3, "repair_needed")
    assert findings(result) == [(code, "found")]
    assert remedy in result.json["findings"][0]["remedy"]
    assert "--yes" in result.json["error"]["hint"]
    assert snapshot(chain) == before


@every_damage
def test_with_a_yes_it_is_mended_and_on_record(
    chain: Project, damage: Callable[[Project], None], code: str, remedy: str
) -> None:
    damage(chain)
    revision = chain.current_revision()

    result = chain.migrate("repair", "--yes", "--json")

    again = chain.migrate("repair", "--json")
    run = chain.last_run()
    steps = chain.query(
        "select revision, direction, outcome from migrator.step where run_id = %s", run["id"]
    )
    assert result.exit_code == 0, result.output
    assert findings(result) == [(code, "mended")]
    assert (again.exit_code, again.json["findings"]) == (0, [])
    assert (run["id"], run["command"], run["outcome"]) == (
        result.json["run_id"],
        "repair",
        "succeeded",
    )
    assert [(step[0].split()[0], *step[1:]) for step in steps] == [(code, "repair", "applied")]
    assert chain.current_revision() == revision
    assert remedy in result.json["findings"][0]["remedy"]


def test_rebuilt_index_is_valid_and_still_unique(chain: Project) -> None:
    break_index(chain)

    chain.migrate("repair", "--yes")

    assert chain.query("select indisvalid, indisunique from pg_index where indisunique") >= [
        (True, True)
    ]
    assert chain.query(INVALID) == []


def test_index_that_a_pending_revision_builds_is_dropped(chain: Project) -> None:
    """Rebuilt, it would stand in the way of the revision."""
    break_index(chain)
    chain.revision(
        "index_sites",
        """
        with op.get_context().autocommit_block():
            op.create_index("ix_sites", "sites", ["id"], postgresql_concurrently=True)
    """,
    )

    repair = chain.migrate("repair", "--yes", "--json")
    upgrade = chain.migrate("upgrade")

    assert "DROP INDEX" in repair.json["findings"][0]["remedy"]
    assert "index_sites" in repair.json["findings"][0]["what"]
    assert (repair.exit_code, upgrade.exit_code) == (0, 0), upgrade.output
    assert chain.query(INVALID) == []


def test_constraint_that_a_pending_revision_validates_is_left_to_it(chain: Project) -> None:
    leave_unvalidated(chain)
    chain.revision("validate", "op.execute('alter table sites validate constraint positive')")

    result = chain.migrate("repair", "--json")

    assert (result.exit_code, result.json["findings"]) == (0, [])


def test_one_that_cannot_be_mended_does_not_stop_the_others(chain: Project) -> None:
    chain.query("insert into sites values (-1)")
    break_index(chain)
    chain.query("insert into sites values (2)")
    leave_unvalidated(chain)
    kill_a_run(chain)

    result = chain.migrate("repair", "--yes", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (3, "repair_needed")
    assert findings(result) == [
        ("dead_run", "mended"),
        ("invalid_index", "failed"),
        ("unvalidated_constraint", "failed"),
    ]
    assert "could not create unique index" in result.json["findings"][1]["note"]
    assert "positive" in result.json["findings"][2]["note"]
    assert chain.last_run()["outcome"] == "failed"
    # The failed rebuild has left no copy of its own behind.
    assert chain.query(INVALID) == [("ix_sites",)]


def test_dead_run_is_marked_and_the_next_upgrade_goes_on(chain: Project) -> None:
    kill_a_run(chain)
    path = next((chain.root / "alembic" / "versions").glob("*_slow.py"))

    chain.migrate("repair", "--yes")

    outcomes = chain.query("select outcome from migrator.run order by started_at")
    path.write_text(path.read_text().replace("pg_sleep(600)", "1"))
    assert outcomes == [("succeeded",), ("interrupted",), ("succeeded",)]
    assert chain.migrate("upgrade").exit_code == 0
    assert chain.migrate("check").exit_code == 0


def test_repair_is_no_change_outside_migrations(chain: Project) -> None:
    break_index(chain)
    leave_unvalidated(chain)
    chain.migrate("stamp", "sites")

    repair = chain.migrate("repair", "--yes")

    check = chain.migrate("check", "--json")
    assert (repair.exit_code, check.exit_code) == (0, 0), check.output


def test_repair_does_not_cover_up_what_somebody_else_changed(chain: Project) -> None:
    break_index(chain)
    leave_unvalidated(chain)
    chain.query("alter table sites add column note text")

    chain.migrate("repair", "--yes")

    check = chain.migrate("check", "--json")
    [schema] = [c for c in check.json["checks"] if c["name"] == "schema"]
    assert check.json["error"]["code"] == "schema_changed"
    assert "column public.sites.note was added" in schema["detail"]
    assert "constraint public.sites.positive was added" in schema["detail"]
    assert "ix_sites" not in schema["detail"]


def test_repair_waits_for_the_runs_lock(chain: Project) -> None:
    chain.revision("slow", SLEEP)
    run = start_asleep(chain)
    leave_unvalidated(chain)

    result = chain.migrate("repair", "--yes", "--lock-wait", "0", "--json")

    run.signal(signal.SIGTERM)
    run.finish()
    assert (result.exit_code, result.json["error"]["code"]) == (75, "lock_busy")
    assert chain.query(VALIDATED) == [(False,)]


def test_signal_ends_a_repair_in_order(chain: Project) -> None:
    leave_unvalidated(chain)
    blocker = connect(chain.database_url)
    blocker.autocommit = False
    with closing(blocker), blocker.cursor() as cursor:
        cursor.execute("lock table sites in access exclusive mode")
        run = chain.start("repair", "--yes", "--set", "migrate.lock_timeout=600")
        waiting = (
            "select 1 from pg_stat_activity "
            "where wait_event_type = 'Lock' and query like '%VALIDATE CONSTRAINT%' "
            "and datname = current_database()"
        )
        wait_until(lambda: chain.query(waiting), "the repair waits for the table")

        run.signal(signal.SIGTERM)

        end = run.finish()
    assert end.exit_code == 143, end.output
    assert chain.last_run()["outcome"] == "interrupted"
    assert chain.query("select outcome from migrator.step order by started_at desc limit 1") == [
        ("interrupted",)
    ]
    assert chain.query(HELD) == []


@pytest.mark.parametrize("answers", ["y\nn\n", "n\nn\n"])
def test_on_a_terminal_each_is_asked_for_by_itself(chain: Project, answers: str) -> None:
    break_index(chain)
    leave_unvalidated(chain)
    primary, secondary = pty.openpty()
    with subprocess.Popen(
        [sys.executable, str(REPOSITORY / "migrate.py"), "repair"],
        stdin=secondary,
        stdout=subprocess.PIPE,
        stderr=secondary,
        cwd=REPOSITORY,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DATABASE_URL": chain.database_url,
            "MIGRATE__SCRIPT_LOCATION": str(chain.root / "alembic"),
        },
    ) as process:
        os.close(secondary)
        os.write(primary, answers.encode())
        output = b"".join(iter(lambda: _read(primary), b"")).decode()
        process.wait(60)
    os.close(primary)

    yes = answers.startswith("y")
    assert process.returncode == 3, output
    assert output.count("Do it?") == 2
    assert "REINDEX INDEX CONCURRENTLY public.ix_sites" in output
    assert (chain.query(INVALID) == []) is yes
    assert chain.query(VALIDATED) == [(False,)]
    assert (chain.last_run()["command"] == "repair") is yes


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        # The other side is closed.
        return b""


@pytest.mark.parametrize(
    ("earlier", "found"),
    [("0 s", []), ("1 s", [("dead_run", "found")])],
    ids=["its own session", "another session with its number"],
)
def test_run_is_dead_when_its_number_belongs_to_another_session(
    chain: Project, earlier: str, found: list[tuple[str, str]]
) -> None:
    """A server gives the numbers of its processes again and again."""
    with closing(connect(chain.database_url)) as session:
        chain.query(
            """
            update migrator.run r set outcome = 'running', finished_at = null,
                backend_pid = a.pid, backend_start = a.backend_start - cast(%s as interval)
            from pg_stat_activity a where a.pid = %s
            """,
            earlier,
            session.info.backend_pid,
        )

        result = chain.migrate("repair", "--json")

    assert findings(result) == found
