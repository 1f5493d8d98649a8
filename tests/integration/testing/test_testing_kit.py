"""The project of the kit: what it tells of a run is what happened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.testing import HookCall

if TYPE_CHECKING:
    from tests.support.project import Project
    from tests.support.server import TestServer

REPOSITORY = Path(__file__).parents[3]
WATCHER = """
    from contextlib import contextmanager

    from sst.hooks import hookimpl

    @hookimpl
    def pre_migrate(run): ...

    @hookimpl
    @contextmanager
    def around_migrate(run):
        yield

    @hookimpl
    def pre_revision(run, revision): ...

    @hookimpl
    def post_revision(run, revision): ...

    @hookimpl
    def migrate_failed(run, failure): ...
"""
TABLE = "op.execute('create table {} (id int)')"


def with_watcher(project: Project, *revisions: str) -> None:
    """Give *project* a plugin that takes part in everything, and *revisions*."""
    project.plugin("watcher", WATCHER)
    project.enable("watcher")
    for revision in revisions:
        project.revision(revision, TABLE.format(revision))


def test_calls_come_in_order_with_their_outcomes(project: Project) -> None:
    with_watcher(project, "r1", "r2")

    result = project.migrate("upgrade")

    assert result.exit_code == 0
    assert result.calls == tuple(
        HookCall(hook, "watcher", "returned")
        for hook in (
            *("pre_migrate", "around_migrate"),
            *("pre_revision", "post_revision"),
            *("pre_revision", "post_revision"),
        )
    )
    assert [call.revision for call in result.calls] == [None, None, "r1", "r1", "r2", "r2"]


def test_events_are_told_whether_a_plugin_listens_or_not(project: Project) -> None:
    project.revision("r1", TABLE.format("r1"))

    result = project.migrate("upgrade")

    told = [(event["event"], event["revision"]) for event in result.events]
    assert told == [("run_started", None), ("revision_applied", "r1"), ("run_succeeded", None)]


def test_gate_fails_at_the_revision_that_was_named(project: Project) -> None:
    with_watcher(project, "r1", "r2", "r3")
    project.fail_at("pre_revision", "r2", veto=True)

    result = project.migrate("upgrade")

    assert result.exit_code == 1
    assert project.current_revision() == "r1"
    assert HookCall("pre_revision", "fails_on_purpose", "vetoed") in result.calls
    assert result.hooks_of("watcher")[-1] == "migrate_failed"
    assert result.events[-1]["event"] == "run_failed"


@pytest.mark.parametrize(
    ("hook", "exit_code", "head"),
    [
        ("pre_migrate", 5, None),
        ("around_migrate", 5, None),
        ("post_migrate", 4, "r1"),
        ("post_revision", 0, "r1"),
        ("notify", 0, "r1"),
    ],
)
def test_every_kind_of_hook_can_fail(
    project: Project, hook: str, exit_code: int, head: str | None
) -> None:
    with_watcher(project, "r1")
    project.fail_at(hook)

    result = project.migrate("upgrade")

    assert (result.exit_code, project.current_revision()) == (exit_code, head)
    [call, *_] = [call for call in result.calls if call.plugin == "fails_on_purpose"]
    assert (call.hook, call.outcome, call.error) == (
        hook,
        "raised",
        "RuntimeError: failed on purpose",
    )


def test_observer_fails_only_at_its_revision(project: Project) -> None:
    with_watcher(project, "r1", "r2")
    project.fail_at("post_revision", "r2")

    result = project.migrate("upgrade")

    assert [
        (call.revision, call.outcome) for call in result.calls if call.plugin == "fails_on_purpose"
    ] == [("r1", "returned"), ("r2", "raised")]


def test_impossible_point_is_refused(project: Project) -> None:
    with pytest.raises(ValueError, match="did you mean pre_migrate"):
        project.fail_at("pre_migrat")
    with pytest.raises(ValueError, match="is not called for a revision"):
        project.fail_at("pre_migrate", "r1")


def test_observer_that_never_ends_is_unfinished(project: Project) -> None:
    project.plugin(
        "sleeper",
        """
        from threading import Event

        from sst.hooks import hookimpl

        @hookimpl
        def post_revision(revision):
            Event().wait()
        """,
    )
    project.enable("sleeper")
    project.revision("r1", TABLE.format("r1"))

    result = project.migrate("upgrade")

    assert result.exit_code == 0
    assert result.calls == (HookCall("post_revision", "sleeper", "unfinished"),)
    assert result.leaks == ("the thread post_revision-sleeper is still running",)


def test_what_a_plugin_leaves_behind_is_told_and_stays_in_its_process(project: Project) -> None:
    project.plugin(
        "messy",
        """
        import os

        from sst.hooks import hookimpl

        @hookimpl
        def pre_migrate(run):
            os.environ["MESSY"] = "1"
            os.chdir("/")
        """,
    )
    project.enable("messy")
    project.revision("r1", TABLE.format("r1"))

    result = project.migrate("upgrade")

    assert result.leaks == (
        "messy, pre_migrate: the variable MESSY has changed",
        "messy, pre_migrate: the working folder is now /",
    )
    assert "MESSY" not in os.environ


def test_settings_are_given_as_they_are_in_toml(project: Project) -> None:
    project.plugin(
        "lister",
        """
        from pydantic import BaseModel

        from sst.hooks import hookimpl

        class Config(BaseModel):
            days: list[str] = []
            is_loud: bool = False

        class Plugin:
            def __init__(self, config):
                self.config = config

            @hookimpl
            def pre_migrate(self, run):
                raise RuntimeError(f"{self.config.days} {self.config.is_loud}")
        """,
    )
    project.enable("lister")
    project.revision("r1")
    project.settings |= {"plugins.lister.days": ["Friday"], "plugins.lister.is_loud": True}

    result = project.migrate("upgrade")

    assert "['Friday'] True" in result.stderr


SUITE = """
import os
import pytest
import threading

pytest_plugins = ["sst.testing"]


def test_database_is_real_and_fresh(project):
    project.revision("r1", "op.execute('create table site (id int)')")
    assert project.migrate("upgrade").exit_code == 0
    assert project.query("select count(*) from site") == [(0,)]
    print("DATABASE", project.database_url)


@pytest.mark.usefixtures("no_leaks")
def test_leaks():
    os.environ["LEFT"] = "1"
    threading.Thread(target=threading.Event().wait, daemon=True, name="left-thread").start()


@pytest.mark.usefixtures("no_leaks")
def test_leaks_of_a_command(project):
    project.plugin("messy", "import os\\nfrom sst.hooks import hookimpl\\n\\n@hookimpl\\n"
                   "def pre_migrate(run):\\n    os.chdir('/')\\n")
    project.enable("messy")
    project.revision("r1")
    assert project.migrate("upgrade").exit_code == 0
"""


def test_fixtures_work_for_a_stranger(tmp_path: Path, server: TestServer) -> None:
    """In another folder, with nothing but `pytest_plugins`; the database is gone afterwards."""
    (tmp_path / "test_suite.py").write_text(SUITE)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "test_suite.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "SST_TEST_DATABASE_URL": server.url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "3 passed, 2 errors" in done.stdout, done.stdout
    left = "left behind: the thread left-thread is still running; the variable LEFT has changed"
    assert left in done.stdout
    assert "left behind: messy, pre_migrate: the working folder is now /" in done.stdout
    [url] = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("DATABASE")]
    assert not _exists(server, url.rpartition("/")[2].partition("?")[0])


def _exists(server: TestServer, name: str) -> bool:
    from contextlib import closing

    from tests.support.server import connect

    with closing(connect(server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", (name,))
        return cursor.fetchone() is not None
