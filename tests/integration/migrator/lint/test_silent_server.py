"""A server that falls silent while a run's plan is rehearsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.backups import becomes_true
from tests.support.hurt_server import hurt_server
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

_ASLEEP = (
    "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'"
    " and datname like current_database() || '_plan_%'"
)
_RULE = """
    from sst.hooks import hookimpl

    @hookimpl
    def judge(statement):
        return []
"""


def test_server_that_is_silent_ends_the_run_and_not_as_a_signal(tmp_path: Path) -> None:
    """What gives the run up is sent as a signal, which the rehearsal hears first."""
    with hurt_server() as server:
        project = Project.create(tmp_path / "project", server.databases.create_database())
        project.plugin("rules", _RULE)
        project.enable("backup", "rules")
        project.revision("one", "op.execute('create table note (id integer)')")
        assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
        project.revision("two", "op.execute('select pg_sleep(600)')")
        project.settings |= {"migrate.server_silence": "1.5"}

        running = project.start("upgrade", DB_CONNECT_TIMEOUT="2")
        assert becomes_true(lambda: project.query(_ASLEEP) != [(0,)], 60), running.printed()
        server.freeze()
        try:
            run = running.finish()
        finally:
            server.thaw()

    assert run.exit_code == 75, run.output
    assert "has not answered for 1.5 s" in run.output
