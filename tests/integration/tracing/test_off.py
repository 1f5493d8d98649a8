"""Where no exporter is configured nothing of OpenTelemetry is imported, and nothing is sent."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.door import Door
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.otlp_receiver import Receiver
    from tests.support.project import Project

SCRIPT = """
import sys
from pathlib import Path
if {is_missing}:
    sys.modules["opentelemetry"] = None
from sst.cli import main
code = main({words!r}, Path({root!r}))
heavy = ("opentelemetry", "google.protobuf", "requests", "sst.tracing.provider")
assert not any(name.startswith(heavy) and sys.modules[name] for name in sys.modules)
sys.exit(code)
"""


def run(
    project: Project, *words: str, environment: dict[str, str], is_missing: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run *words* in an interpreter of their own, which looks at what it has imported."""
    script = SCRIPT.format(is_missing=is_missing, words=list(words), root=str(project.root))
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**project._variables(), "PYTHONPATH": str(REPOSITORY)} | environment,
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )


def migrated(project: Project, folder: Path) -> Door:
    """Return the door of *project*, whose revision is applied."""
    project.revision("r1", "op.execute('create table worker (id int)')")
    assert project.migrate("upgrade").exit_code == 0
    return Door(project, folder / "door")


@pytest.mark.parametrize("words", [["--help"], ["current"], ["upgrade"]])
@pytest.mark.parametrize("variables", [{}, {"OTEL_SDK_DISABLED": "true"}])
def test_off_imports_nothing(
    project: Project, receiver: Receiver, words: list[str], variables: dict[str, str]
) -> None:
    project.revision("r1", "op.execute('create table worker (id int)')")
    environment = {**receiver.environment, **variables} if variables else {}

    done = run(project, *words, environment=environment)

    assert done.returncode == 0, done.stderr
    assert receiver.headers == []


def test_help_is_not_traced_and_imports_nothing_either_where_traces_are_on(
    project: Project, receiver: Receiver
) -> None:
    done = run(project, "upgrade", "--help", environment=receiver.environment)

    assert done.returncode == 0, done.stderr
    assert receiver.headers == []


def test_missing_extra_is_one_warning_that_says_how_to_install_it(
    project: Project, receiver: Receiver
) -> None:
    project.revision("r1", "op.execute('create table worker (id int)')")

    done = run(project, "upgrade", environment=receiver.environment, is_missing=True)

    assert done.returncode == 0, done.stderr
    assert project.current_revision() == "r1"
    assert done.stderr.count("WARNING") == 1
    assert "pip install 'sst-platform[otel]'" in done.stderr


def test_answer_is_not_told_again_where_a_trace_is_made(
    project: Project, receiver: Receiver, tmp_path: Path
) -> None:
    door = migrated(project, tmp_path)
    door.warm("current")

    told = [door.call("current", **receiver.environment) for _ in range(3)]

    assert not any(each.is_kept for each in told)
    assert len(receiver.all_named("migrate.py current")) == 3


def test_answer_is_told_again_whatever_trace_it_is_asked_in(
    project: Project, tmp_path: Path
) -> None:
    door = migrated(project, tmp_path)
    door.warm("current")

    told = door.call("current", TRACEPARENT="00-x", TRACESTATE="a=1", BAGGAGE="b=2")

    assert told.is_kept
