"""Processes that a run starts join its trace: pg_dump, and those of plugins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres.client_programs import find_tools
from tests.support.many import ONE_AFTER_THE_OTHER, ManyDatabases
from tests.support.pg_tools import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.otlp_receiver import Receiver
    from tests.support.project import Project

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
STARTING = """
    import os
    import subprocess
    import sys
    from sst.hooks import hookimpl, trace_environment

    SCRIPT = "import os, sys; open(sys.argv[1], 'w').write(os.environ.get('TRACEPARENT', ''))"

    @hookimpl
    def pre_migrate(run):
        command = [sys.executable, "-c", SCRIPT]
        subprocess.run([*command, "inherits"], check=True)
        subprocess.run([*command, "given"], check=True, env=trace_environment())
"""


def server_major(project: Project) -> int:
    """Return the major version of the project's server."""
    [(number,)] = project.query("select current_setting('server_version_num')::int")
    return int(number) // 10000


@pytest.fixture
def dumping(project: Project, tmp_path: Path) -> Path:
    """Let a pg_dump that writes its environment to the file make the backups of *project*."""
    seen = tmp_path / "seen"
    tools = find_tools(server_major(project), None)
    body = f'[ -n "$FILE" ] && env > {seen}\nexec "$REAL" "$@"'
    project.enable("backup")
    project.settings |= {
        "plugins.backup.pg_bin": str(wrapped(tmp_path / "bin", tools, body)),
        "plugins.backup.directory": str(tmp_path / "backups"),
    }
    project.revision("r1", "op.execute('create table worker (id int)')")
    return seen


def parent_seen(file: Path) -> tuple[str, str]:
    """Return the trace and the span that a process was given as its parent."""
    found = re.search(r"00-(\w{32})-(\w{16})-\w\w", file.read_text())
    assert found, file.read_text()
    return found[1], found[2]


def test_pg_dump_is_below_the_backup_and_knows_it(
    project: Project, receiver: Receiver, dumping: Path
) -> None:
    done = project.migrate("upgrade", **receiver.environment, TRACEPARENT=PARENT)

    assert done.exit_code == 0, done.stderr
    backup, hook = receiver.named("backup"), receiver.named("pre_migrate backup")
    trace, span = parent_seen(dumping)
    [dump] = [each for each in receiver.all_named("pg_dump") if each.id == span]
    assert trace == TRACE
    assert dump.parent == backup.id
    assert backup.parent == hook.id


def test_pg_dump_is_given_the_parent_that_the_run_was_given(
    project: Project, dumping: Path
) -> None:
    done = project.migrate("upgrade", TRACEPARENT=PARENT)

    assert done.exit_code == 0, done.stderr
    assert parent_seen(dumping) == (TRACE, SPAN)


def test_malformed_parent_is_not_given_to_pg_dump(project: Project, dumping: Path) -> None:
    done = project.migrate("upgrade", TRACEPARENT="canary")

    assert done.exit_code == 0, done.stderr
    assert "canary" not in dumping.read_text()


def test_process_of_a_plugin_that_knows_nothing_of_traces_joins(
    project: Project, receiver: Receiver
) -> None:
    project.plugin("starting", STARTING)
    project.enable("starting")
    project.revision("r1")

    done = project.migrate("upgrade", **receiver.environment)

    root, hook = receiver.named("migrate.py upgrade"), receiver.named("pre_migrate starting")
    assert done.exit_code == 0, done.stderr
    assert parent_seen(project.root / "inherits") == (root.trace, root.id)
    assert parent_seen(project.root / "given") == (root.trace, hook.id)
    assert "put back" not in done.stderr


def test_processes_of_a_command_on_many_databases_send_their_runs(
    project: Project, receiver: Receiver, make_database: Callable[[], str]
) -> None:
    project.revision("r1", "op.execute('create table worker (id int)')")
    ManyDatabases.create(project, make_database, 2)

    done = project.migrate("upgrade", "--all", *ONE_AFTER_THE_OTHER, **receiver.environment)

    assert done.exit_code == 0, done.stderr
    root, process = (
        receiver.named("migrate.py upgrade"),
        receiver.named("migrate.py fleet process"),
    )
    runs = receiver.all_named("run upgrade")
    assert process.parent == root.id
    assert [run.parent for run in runs] == [process.id] * 2
    assert len(receiver.all_named("CREATE TABLE worker")) == 2
