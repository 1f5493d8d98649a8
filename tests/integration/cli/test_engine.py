"""`--engine NAME`: what works on many databases, and what it may not be given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sst.testing.project.project import Project

ENGINE = """
from sst.hooks import NamedEngine, hookimpl

class Elsewhere:
    free = 10

    def __init__(self, call):
        self._jobs = []
        (call.project_root / "call").write_text(f"{call.command} {call.environment} {call.most}")

    def begin(self, job):
        self._jobs.append(job)

    def answers(self, timeout_seconds):
        from sst.hooks import Answer, packed_report
        jobs, self._jobs = self._jobs, []
        return [
            Answer(job, 0, report=packed_report('{"heads": "%s"}' % ",".join(job.work.heads)))
            for job in jobs
        ]

    def withdraw(self): ...
    def interrupt(self, signal_number): ...
    def close(self): ...

def broken(call):
    raise RuntimeError("no queue here")

@hookimpl
def register_engines():
    return [NamedEngine("elsewhere", Elsewhere), NamedEngine("broken", broken)]
"""


@pytest.fixture
def offered(project: Project) -> Project:
    """Return *project* with one target, shop, and a plugin that offers two engines."""
    url = json.dumps(project.database_url)
    (project.root / "targets.toml").write_text(f"[shop]\nurl = {url}\n", encoding="utf-8")
    project.environment["MIGRATE__TARGETS__FILE"] = "targets.toml"
    project.plugin("elsewhere", ENGINE)
    project.enable("elsewhere")
    project.revision("one")
    return project


def test_engine_of_a_plugin_gets_the_jobs_and_gives_the_reports(offered: Project) -> None:
    result = offered.migrate("upgrade", "--all", "--engine", "elsewhere", "--json")

    assert result.exit_code == 0
    assert result.json["counts"] == {"done": 1}
    assert result.json["targets"]["shop"]["heads"] == "one"
    assert (offered.root / "call").read_text() == "upgrade development None"
    assert offered.current_revision() is None


def test_engine_that_nobody_knows_is_wrong_usage(offered: Project) -> None:
    result = offered.migrate("upgrade", "--all", "--engine", "nowhere")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no engine 'nowhere'." in result.stderr
    assert "there are: processes, broken, elsewhere" in result.stderr


@pytest.mark.parametrize(
    "words",
    [("--set", "migrate.lock_wait=5"), ("--no-plugin", "elsewhere"), ("-x", "tenant=a")],
)
def test_what_workers_cannot_get_is_refused(offered: Project, words: tuple[str, str]) -> None:
    offered.plugin("other", ENGINE)
    offered.enable("elsewhere", "other")

    result = offered.migrate("upgrade", "--all", "--engine", "elsewhere", *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{words[0]} do not reach workers on other machines" in result.stderr
    assert not (offered.root / "call").exists()


def test_engine_that_cannot_be_made_names_its_plugin(offered: Project) -> None:
    result = offered.migrate("upgrade", "--all", "--engine", "broken")

    assert result.exit_code == 1
    assert "The engine 'broken' of the plugin 'elsewhere' failed." in result.stderr
    assert "RuntimeError: no queue here" in result.stderr
    assert "Traceback" not in result.stderr


def test_processes_are_an_engine_by_name(offered: Project) -> None:
    result = offered.migrate("upgrade", "--all", "--engine", "processes")

    assert result.exit_code == 0
    assert offered.current_revision() == "one"
