"""A signal while the run is put on record: the row is closed, not left as that of a killed run."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from tests.support.project import Project

WAITS = """
    select 1 from pg_stat_activity where datname = current_database()
    and application_name like 'sst-ledger%' and wait_event_type = 'Lock'
"""


@pytest.mark.parametrize(
    "words", [("upgrade",), ("backup", "create"), ("repair", "--yes")], ids=" ".join
)
def test_signal_while_the_run_is_put_on_record_closes_its_row(
    project: Project, words: tuple[str, ...]
) -> None:
    project.enable("backup")
    project.revision("one")
    assert project.migrate("upgrade").exit_code == 0
    project.revision("two")
    project.query("create table pairs (id int)")
    project.query("alter table pairs add constraint ck_pairs check (id > 0) not valid")

    with other_session(project, "lock table migrator.run in exclusive mode") as holder:
        running = project.start(*words)
        wait_until(lambda: project.query(WAITS), "the record waits")
        running.signal(signal.SIGTERM)
        holder.end()
        ended = running.finish()

    row = project.last_run()
    assert ended.exit_code == 143, ended.output
    assert (row["command"].split()[0], row["outcome"]) == (words[0], "interrupted")
    assert row["error"]["code"] == "interrupted"
    assert row["finished_at"] is not None
