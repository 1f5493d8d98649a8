"""The database is not what a run expects.

Locks, a deadlock, roles that may not, full disks.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.engine import make_url

from sst.config.declared.schema import MigrateSettings
from tests.support.disks import small_disk
from tests.support.faults import UNTIL_GO, Fault, Scene, drive
from tests.support.forks import wait_until
from tests.support.locks import hold, run_sql_and_back

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_READS = "select count(*) from items"
_HURRIED = {"migrate.lock_timeout": "0.2"}
# A run that tries again has to give up soon.
if "lock_retry_seconds" in MigrateSettings.model_fields:
    _HURRIED["migrate.lock_retry_seconds"] = "1"
_WAITS = """
    select 1 from pg_stat_activity
    where wait_event_type = 'Lock' and query ~ %s and datname = current_database()
"""


def _hold(*statements: str) -> Callable[[Scene], None]:
    def held(scene: Scene) -> None:
        for statement in statements:
            hold(scene, statement)

    return held


def _deadlock(scene: Scene) -> None:
    """Hold `others`; the revision has `items` when it asks for it."""
    scene.project.query("create table others (id int)")
    scene.stack.callback(scene.project.query, "drop table others")
    # The run has to be the victim, so nobody looks at our own wait.
    scene.blocker = hold(scene, "set local deadlock_timeout = '60s'; lock table others")


def _close_the_circle(scene: Scene) -> None:
    """Ask for `items`, which the revision has, and let it ask for `others`."""
    asking = threading.Thread(target=scene.blocker.execute, args=["lock table items"])
    asking.start()
    scene.stack.callback(asking.join)
    wait_until(lambda: scene.project.query(_WAITS, "^lock table items"), "the blocker waits")
    (scene.project.root / "go").touch()


def _fill_backups(scene: Scene) -> None:
    """Let the backup go to a file system that is too small for it."""
    project = scene.project
    project.query(
        "create table large as select md5(random()::text) || md5(random()::text) as noise"
        " from generate_series(1, 40000) g"
    )
    scene.stack.callback(project.query, "drop table large")
    scene.stack.callback(project.enable, "points")
    project.enable("backup", "points")
    folder = project.root / "small"
    folder.mkdir()
    scene.stack.enter_context(small_disk(folder))
    project.settings["plugins.backup.directory"] = str(folder)
    scene.stack.callback(project.settings.pop, "plugins.backup.directory")


def _as_role(*grants: str) -> Callable[[Scene], None]:
    """Run as a role with *grants* and nothing else, until the stack is left."""

    def become(scene: Scene) -> None:
        project = scene.project
        owner, database = project.database_url, make_url(project.database_url).database
        role = f"role_{database}"
        for statement in (f"create role {role} login", *grants):
            project.query(statement.format(role=role, database=database))
        project.database_url = (
            make_url(owner).set(username=role).render_as_string(hide_password=False)
        )
        scene.stack.callback(_drop_role, scene, owner, role)

    return become


def _drop_role(scene: Scene, owner: str, role: str) -> None:
    scene.project.database_url = owner
    scene.project.query(f"drop owned by {role}; drop role {role}")


_NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
# Longer than the server waits before it looks for a deadlock.
_PATIENT = _HURRIED | {"migrate.lock_timeout": "1.5"}
_BLOCKED: dict[str, Any] = {
    "at": "three.first",
    "does": "pass",
    "exit_code": None,
    "outcome": "failed",
    "says": "three",
    "start": "two",
    "ends": "two",
    "settings": _HURRIED,
    "within_seconds": 100.0,
}
FAULTS = [
    Fault(name="lock timeout, one blocker", arrange=_hold(_READS), **_BLOCKED),
    Fault(
        name="lock timeout, several blockers",
        arrange=_hold(_READS, _READS, "lock table items in row exclusive mode"),
        **_BLOCKED,
    ),
    Fault(
        name="read-only role",
        arrange=run_sql_and_back(
            "do $$ begin execute format('alter database %I set"
            " default_transaction_read_only = on', current_database()); end $$",
            "set transaction_read_only = off; do $$ begin execute format('alter database"
            " %I reset default_transaction_read_only', current_database()); end $$",
        ),
        exit_code=5,
        outcome=None,
        says="read-only",
    ),
    Fault(
        name="role without any right",
        arrange=_as_role(),
        exit_code=5,
        outcome=None,
        says="permission denied",
    ),
    Fault(
        name="role without DDL rights",
        arrange=_as_role("grant create on database {database} to {role}"),
        exit_code=1,
        outcome=None,
        says="permission denied for schema public",
    ),
    Fault(
        name="temporary files are full",
        at="three.first",
        does="op.execute('set local work_mem = 64; set local temp_file_limit = 100; "
        "select count(*) from (select g from generate_series(1, 200000) g order by -g) s')",
        exit_code=1,
        outcome="failed",
        says="temp_file_limit",
        ends="two",
    ),
    Fault(
        name="deadlock",
        arrange=_deadlock,
        at="three.middle",
        does=UNTIL_GO + "op.execute('lock table others')",
        act=_close_the_circle,
        exit_code=None,
        outcome="failed",
        says="three",
        start="two",
        ends="two",
        settings=_PATIENT,
    ),
    pytest.param(
        Fault(
            name="disk of the backups full",
            start="one",
            ends="one",
            arrange=_fill_backups,
            exit_code=5,
            outcome="refused",
            says="No space left",
        ),
        marks=_NEEDS_ROOT,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_unexpected_database(
    fault: Fault, scene: Scene, undisturbed: Mapping[str, frozenset[str]]
) -> None:
    drive(fault, scene, undisturbed)
