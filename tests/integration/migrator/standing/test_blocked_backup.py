"""A backup that waits for somebody's lock: status says for whom."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres.client_environment import APPLICATION_NAME
from sst.migrator.standing.running import _BACKUP
from tests.support.forks import wait_until
from tests.support.server import connect

if TYPE_CHECKING:
    from tests.support.project import Project

WAITING = """
    select 1 from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
"""


@pytest.mark.parametrize("command", ["backup create", "upgrade"])
def test_whom_a_backup_waits_for_is_on_the_screen(project: Project, command: str) -> None:
    project.enable("backup")
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    project.revision("two")

    with closing(connect(project.database_url)) as other, other.cursor() as cursor:
        cursor.execute("set application_name = 'nightly'")
        cursor.execute("begin")
        cursor.execute("lock table one")
        work = project.start(*command.split())
        wait_until(lambda: project.query(WAITING), "the backup waits")
        text, found = project.migrate("status"), project.migrate("status", "--json").json

    assert work.finish().exit_code == 0
    assert text.stdout.splitlines()[0].endswith(" is at work, and blocked by others.")
    assert "(nightly, " in text.stdout
    assert [each["application"] for each in found["running"]["waits_for"]] == ["nightly"]


def test_name_of_a_backups_sessions_is_the_plugins() -> None:
    assert _BACKUP == APPLICATION_NAME
