"""The record of runs, the version table or the clock is not what a run expects."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import Fault, Scene, drive
from tests.support.forks import wait_until
from tests.support.locks import run_sql, run_sql_and_back
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.hurt_server import HurtServer

_VERSION_ONE = """
    create table if not exists alembic_version (version_num varchar(32) primary key);
    insert into alembic_version values ('one')
"""
# Nobody may set the clock of the machine that runs the tests: here the process's own view of it.
_CLOCK_JUMPS = """
import datetime
from sst.migrator.run import progress
class Jumped(datetime.datetime):
    now = classmethod(lambda cls, zone=None: datetime.datetime(2001, 1, 1, tzinfo=zone))
progress.datetime = Jumped
time.time = lambda: 0.0
"""
_FIRST_LEDGER = (Path(__file__).parent / "first_ledger.sql").read_text()
FAULTS = [
    Fault(
        name="ledger dropped before",
        start="one",
        arrange=run_sql("drop schema migrator cascade"),
        exit_code=0,
        outcome="succeeded",
        ends="three",
    ),
    Fault(
        name="ledger table dropped before",
        start="one",
        arrange=run_sql("drop table migrator.step"),
        exit_code=0,
        outcome="succeeded",
        ends="three",
    ),
    Fault(
        name="ledger of the first version",
        start="one",
        arrange=run_sql("drop schema migrator cascade", _FIRST_LEDGER),
        exit_code=0,
        outcome="succeeded",
        ends="three",
    ),
    Fault(
        name="ledger without a column",
        start="one",
        arrange=run_sql_and_back(
            "alter table migrator.run drop column git_commit", "drop schema migrator cascade"
        ),
        exit_code=5,
        outcome=None,
        says="git_commit",
        ends="one",
    ),
    Fault(
        name="ledger dropped during the run",
        at="pre_revision.two",
        does="import psycopg2\n"
        "with psycopg2.connect(os.environ['DATABASE_URL']) as c:\n"
        "    c.cursor().execute('drop schema migrator cascade')",
        exit_code=1,
        outcome=None,
        says="migrator",
        ends="one",
    ),
    Fault(
        name="version table missing",
        start="one",
        arrange=run_sql_and_back("drop table alembic_version", _VERSION_ONE),
        exit_code=6,
        outcome="succeeded",
        says="migrate.py stamp one",
        ends="one",
    ),
    Fault(
        name="version table empty",
        start="one",
        arrange=run_sql_and_back("delete from alembic_version", _VERSION_ONE),
        exit_code=6,
        outcome="succeeded",
        says="migrate.py stamp one",
        ends="one",
    ),
    Fault(
        name="version table with two rows",
        start="one",
        arrange=run_sql_and_back(
            "insert into alembic_version values ('two')",
            "delete from alembic_version where version_num = 'two'",
        ),
        exit_code=6,
        outcome="succeeded",
        ends="one",
    ),
    Fault(
        name="the server's clock was set back",
        start="one",
        arrange=run_sql(
            "update migrator.run set started_at = started_at + interval '1 day'",
            "update migrator.step set started_at = started_at + interval '1 day'",
        ),
        exit_code=0,
        outcome="succeeded",
        ends="three",
    ),
    Fault(
        name="our own clock jumps back",
        at="pre_migrate",
        does=_CLOCK_JUMPS,
        exit_code=0,
        outcome="succeeded",
        ends="three",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_unexpected_record(
    fault: Fault, scene: Scene, undisturbed: Mapping[str, frozenset[str]]
) -> None:
    drive(fault, scene, undisturbed)


_OUTSIDE = """
    with op.get_context().autocommit_block():
        print("outside", flush=True)
        while not os.path.exists("go"): time.sleep(0.01)
"""


def test_step_outside_a_transaction_is_on_disk_when_it_gets_there(
    own_server: HurtServer, tmp_path: Path
) -> None:
    """What it does there may be on no disk of the server; a crash leaves the record of it."""
    url = own_server.databases.create_database()
    project = Project.create(tmp_path / "project", url)
    project.revision("one")
    project.revision("two", _OUTSIDE)
    project.revision("three")
    # A process of the whole server, which is at work in no database.
    [(writer,)] = project.query("""
        select pid from pg_stat_activity
        where backend_type = 'walwriter' and datname is distinct from current_database()
    """)
    # Else it brings to disk in a moment what nobody waits for.
    os.kill(writer, signal.SIGSTOP)
    run = project.start("upgrade")
    wait_until(lambda: "outside" in run.printed(), "the revision is outside a transaction")

    own_server.restart()
    (project.root / "go").touch()

    assert run.finish().exit_code == 1, run.printed()
    found = project.query("select revision, outcome from migrator.step order by position")
    assert [revision for revision, _ in found] == ["one", "two"]
    assert found[0][1] == "applied"
    own_server.databases.drop_database(url)
