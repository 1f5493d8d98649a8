"""Faults as a table: where a run is hurt, how it must end, and the driver that proves it.

The project of every fault is the same chain of three revisions and a plugin with every hook.
Each of them passes *points*; a file with the point's name in the project's folder is run there.
So a fault is armed and disarmed without editing a revision that may be applied already.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from tests.support.dumps import dump
from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.forks import Finished, Running
    from tests.support.hurt_server import HurtServer
    from tests.support.project import Outcome, Project

HELD = """
    select 1 from pg_locks l join pg_database d on d.oid = l.database
    where locktype = 'advisory' and datname = current_database()
"""
STATES = ("", "one", "two", "three")
HEAD = STATES[-1]
REACHED = "open('reached', 'w').close()\n"
"""The first line of a point at which the test does something."""
ASLEEP = REACHED + "op.execute('select pg_sleep(600)')"
"""Wait in the server, inside a revision."""
WAITING = REACHED + "time.sleep(600)"
"""Wait in Python."""
UNTIL_GO = REACHED + "while not os.path.exists('go'): time.sleep(0.01)\n"
"""Wait until the test makes the file `go`."""
FREE_WITHIN_SECONDS = 30.0
"""What is not cancelled holds the lock for the ten minutes that a point sleeps."""

_POINT = """
def point(name):
    if os.path.exists(name):
        with open(name) as file:
            exec(compile(file.read(), name, "exec"), globals())
"""
_CHAIN = {
    "one": """
        point("one.first")
        op.create_table(
            "items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("label", sa.Text)
        )
        point("one.middle")
        op.execute("insert into items select g, 'item ' || g from generate_series(1, 50) g")
        point("one.last")
    """,
    "two": """
        point("two.first")
        with op.get_context().autocommit_block():
            op.execute("drop index concurrently if exists items_label")
            point("two.middle")
            op.execute("create index concurrently items_label on items (label)")
            point("two.last")
    """,
    "three": """
        point("three.first")
        op.add_column("items", sa.Column("doubled", sa.Integer))
        point("three.middle")
        op.execute("update items set doubled = id * 2")
        point("three.last")
    """,
}
_PLUGIN = (
    """
import os
import time
from contextlib import contextmanager
from sst.hooks import Veto, hookimpl
"""
    + _POINT
    + """
@hookimpl
def review_plan(run):
    point("review_plan")

@hookimpl
def pre_migrate(run):
    point("pre_migrate")

@hookimpl
def around_migrate(run):
    @contextmanager
    def around():
        point("around.enter")
        yield
        point("around.leave")
    return around()

@hookimpl
def pre_revision(run, revision):
    point("pre_revision." + revision.id)

@hookimpl
def in_revision(run, revision, connection):
    connection.exec_driver_sql("set local work_mem = '5MB'")
    point("in_revision." + revision.id)

@hookimpl
def post_revision(run, revision):
    point("post_revision." + revision.id)

@hookimpl
def post_migrate(run):
    point("post_migrate")

@hookimpl
def migrate_failed(run, failure):
    point("migrate_failed")

@hookimpl
def notify(event):
    point("notify." + event.kind)
"""
)


@dataclass
class Scene:
    """What a fault's functions may touch; *stack* is left before the run is repeated."""

    project: Project
    server: HurtServer | None = None
    run: Running | None = None
    blocker: Any = None
    """A cursor in an open transaction, where the fault needs one."""
    stack: ExitStack = field(default_factory=ExitStack)


def _nothing(_: Scene) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to hurt a run, and how the run has to take it."""

    name: str
    exit_code: int | None
    """None: any but 0."""
    outcome: str | None
    """What the ledger says of the run, at the latest after the next run; None: it has no row.

    `failed or interrupted` where it depends on whether the server is back in time for the record.
    """
    at: str = ""
    """The point where *does* is run, such as `two.middle` or `pre_migrate`."""
    does: str = ""
    """Python: what happens there."""
    arrange: Callable[[Scene], None] = _nothing
    """Done by the test before the run."""
    act: Callable[[Scene], None] = _nothing
    """Done by the test when the point has been reached."""
    says: str = ""
    """Words of the output."""
    start: str = ""
    """The revision that the database is brought to before."""
    ends: str = ""
    """The revision that the database is at afterwards."""
    leaves: frozenset[str] = frozenset()
    """What an autocommit block leaves beyond that, as lines of the dump."""
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    within_seconds: float = 60.0

    def __str__(self) -> str:
        """Return the name, for pytest."""
        return self.name


@dataclass(frozen=True)
class Afterwards:
    """How the hurt run and the one after it ended."""

    run: Finished
    rerun: Outcome


def prepare(project: Project) -> Project:
    """Give *project* the chain and the plugin of all faults."""
    for name, body in _CHAIN.items():
        project.revision(name, _POINT + dedent(body))
    project.plugin("points", _PLUGIN)
    project.enable("points")
    return project


def drive(fault: Fault, scene: Scene, undisturbed: Mapping[str, frozenset[str]]) -> Afterwards:
    """Hurt a run with *fault*, assert how it ends, and that the next run makes it good."""
    project = scene.project
    if fault.start:
        assert project.migrate("upgrade", fault.start).exit_code == 0
    with scene.stack:
        end = _hurt(fault, scene)
    expected = {fault.exit_code} if fault.exit_code is not None else {end.exit_code} - {0}
    assert end.exit_code in expected, end.output
    assert fault.says in end.output, end.output
    assert "Traceback" not in end.output
    wait_until(lambda: not project.query(HELD), "the lock is free", FREE_WITHIN_SECONDS)
    assert dump(project.database_url) == undisturbed[fault.ends] | fault.leaves
    (project.root / fault.at).unlink() if fault.at else None
    return Afterwards(end, _repair(fault, project, undisturbed))


def _hurt(fault: Fault, scene: Scene) -> Finished:
    project = scene.project
    fault.arrange(scene)
    if fault.at:
        (project.root / fault.at).write_text(fault.does)
    project.settings |= fault.settings
    started = time.monotonic()
    scene.run = project.start("upgrade", "--json", **fault.environment)
    if fault.does.startswith(REACHED):
        wait_until(
            (project.root / "reached").exists, f"{fault.at} is reached\n{scene.run.printed()}"
        )
    fault.act(scene)
    end = scene.run.finish(fault.within_seconds)
    assert time.monotonic() - started < fault.within_seconds
    return end


def _repair(fault: Fault, project: Project, undisturbed: Mapping[str, frozenset[str]]) -> Outcome:
    earlier = [row[0] for row in project.query("select to_regclass('migrator.run')")]
    hurt = project.last_run()["id"] if fault.outcome and earlier != [None] else None
    rerun = project.migrate("upgrade", "--json")
    assert rerun.exit_code == 0, rerun.output
    assert dump(project.database_url) == undisturbed[HEAD]
    assert not project.query(HELD)
    assert project.query("select 1 from migrator.step where outcome = 'running'") == []
    if hurt:
        found = project.query("select outcome from migrator.run where id = %s", hurt)
        assert found[0][0] in str(fault.outcome).split(" or "), fault.outcome
    return rerun
