"""Client programs: what others see of them, and that none outlives the run that wanted it."""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive.source import Source
from plugins.backup.postgres.client_programs import find_tools
from tests.support.backups import (
    DUMP_SESSIONS,
    backup_plugin,
    becomes_true,
    fetch,
    with_password,
)
from tests.support.forks import wait_until
from tests.support.pg_tools import wrapped, write_program
from tests.support.runs import make_run
from tests.support.server import connect

if TYPE_CHECKING:
    from tests.support.project import Project

# A program writes down how it was called, as others see it, and becomes the real one.
_NOTE = """#!/bin/sh
tr '\\0' ' ' </proc/$$/cmdline >>'{seen}'
exec '{real}' "$@"
"""


@pytest.mark.parametrize("format_", ["custom", "directory"])
def test_password_is_in_no_arguments_of_any_program(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    """`ps` shows them to every user of the machine: pg_dump, pg_restore, and our leash."""
    url, canary = with_password(filled)
    run = make_run(url, tmp_path)
    tools, seen, folder = find_tools(Source.of(run).server_major), tmp_path / "seen", tmp_path
    programs = {"pg_dump": tools.pg_dump, "pg_restore": tools.pg_restore, "leash": sys.executable}
    for name, real in programs.items():
        write_program(folder / name, _NOTE.format(seen=seen, real=real))
    monkeypatch.setattr(sys, "executable", str(folder / "leash"))

    backup_plugin(format=format_, verify="restore", pg_bin=folder).pre_migrate(run)

    called = seen.read_text()
    for name in programs:
        assert f"/bin/sh {folder / name} -" in called
    assert "--dbname=" in called
    assert canary not in called


def test_pg_dump_ends_when_the_run_is_killed(project: Project, tmp_path: Path) -> None:
    """`kill -9` gives us no chance to end it; it would hold a lock on every table."""
    project.enable("backup")
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    source = Source.of(make_run(project.database_url, tmp_path))
    begun = tmp_path / "begun"
    body = f"echo $$ >'{begun}.x'; mv '{begun}.x' '{begun}'; exec sleep 600"
    folder = wrapped(tmp_path / "bin", find_tools(source.server_major), body)
    project.settings["plugins.backup.pg_bin"] = str(folder)
    running = project.start("upgrade")
    wait_until(begun.exists, "pg_dump runs")

    running.signal(signal.SIGKILL)

    running.finish()
    child = Path("/proc") / begun.read_text().strip()
    assert becomes_true(lambda: not child.exists())
    assert becomes_true(lambda: fetch(project.database_url, DUMP_SESSIONS) == [(0,)])


@pytest.mark.external
def test_session_of_a_killed_pg_dump_does_not_wait_for_its_table(
    project: Project, tmp_path: Path
) -> None:
    """The server looks after its client: nobody is left in the queue for the lock."""
    import os
    import subprocess

    from plugins.backup.postgres.client_environment import client_environment
    from sst.db.url import DatabaseUrl

    project.query("CREATE TABLE busy (n integer)")
    url = DatabaseUrl(project.database_url)
    tools = find_tools(Source.of(make_run(project.database_url, tmp_path)).server_major)
    waiting = f"{DUMP_SESSIONS} AND wait_event_type = 'Lock'"
    with closing(connect(project.database_url)) as blocker:
        blocker.cursor().execute("BEGIN; LOCK TABLE busy")
        child = subprocess.Popen(
            [tools.pg_dump, f"--dbname={url.libpq_place()}", f"--file={os.devnull}"],
            env=client_environment(url, watched=True),
        )
        wait_until(lambda: fetch(project.database_url, waiting) == [(1,)], "pg_dump waits")

        child.kill()

        child.wait()
        assert becomes_true(lambda: fetch(project.database_url, DUMP_SESSIONS) == [(0,)])
