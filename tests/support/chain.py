"""A chain of revisions whose second one fails, sleeps or waits, and a run that sleeps in one."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.support.forks import wait_until

if TYPE_CHECKING:
    from tests.support.forks import Running
    from tests.support.project import Project

SLEEP = "op.execute('select pg_sleep(600)')"
"""A revision's statement that sleeps in the server."""
ASLEEP = """
    select pid from pg_stat_activity
    where query = 'select pg_sleep(600)' and state = 'active' and datname = current_database()
"""
"""Finds the session that `SLEEP` sleeps in."""


def write_chain(project: Project) -> None:
    """Write the revisions `one` and `two`; the second does what a file in the folder says.

    With `broken` it fails, with `slow` it sleeps, with `locked` it waits for a lock on table one.
    """
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision(
        "two",
        """
        op.create_table('two', sa.Column('id', sa.Integer))
        if os.path.exists("broken"):
            op.execute("select * from nowhere")
        if os.path.exists("slow"):
            op.execute("select pg_sleep(600)")
        if os.path.exists("locked"):
            op.execute("alter table one add column more integer")
    """,
        "op.drop_table('two')",
    )


def start_asleep(project: Project, *options: str) -> Running:
    """Start an upgrade, and return when a revision of it sleeps."""
    run = project.start("upgrade", *options)
    wait_until(lambda: project.query(ASLEEP), "the revision sleeps")
    return run


def kill_asleep(project: Project, run: Running) -> None:
    """Kill *run*, a revision of which sleeps, and return when the server has noticed."""
    run.signal(signal.SIGKILL)
    run.finish()
    wait_until(lambda: not project.query(ASLEEP), "the server has noticed")
