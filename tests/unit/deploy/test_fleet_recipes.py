"""The recipes of Argo and Airflow: our words, and our exit codes.

Neither of them runs here: of Argo the references are held against each other, and Airflow is what
the recipe imports of it, its decorators and its two errors.
"""

from __future__ import annotations

import json
import re
import runpy
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.compose import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = ROOT / "deploy" / "fleet"


class RetriedError(Exception):
    """Stands for `AirflowException`."""


class FinalError(RetriedError):
    """Stands for `AirflowFailException`."""


class Task:
    """A decorated function: `expand` notes what it is to be called with."""

    expanded: tuple[str, list[str]] | None = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - whatever the task returns
        """Call the function."""
        return self.function(*arguments)

    def expand(self, *, target: list[str]) -> None:
        """Note the *target*s."""
        Task.expanded = (self.function.__name__, target)


def _decorator(function: Callable[..., Any] | None = None, **_options: object) -> Any:  # noqa: ANN401
    return Task(function) if function else Task


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what the recipe imports of Airflow be there."""
    exceptions, sdk = ModuleType("airflow.exceptions"), ModuleType("airflow.sdk")
    vars(exceptions).update(AirflowException=RetriedError, AirflowFailException=FinalError)
    vars(sdk).update(dag=_decorator, task=_decorator)
    for module in (ModuleType("airflow"), exceptions, sdk):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, object], None]:
    """Return a function that says how `python migrate.py` ends, and what it prints."""

    def ends(code: int, said: object) -> None:
        file = tmp_path / "python"
        file.write_text(f"#!/bin/sh\necho '{json.dumps(said)}'\nexit {code}\n")
        file.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return ends


@pytest.mark.usefixtures("airflow")
def test_dag_has_a_task_for_each_database(program: Callable[[int, object], None]) -> None:
    program(0, {"targets": [{"name": "acme"}, {"name": "umbrella"}]})

    recipe = runpy.run_path(str(FOLDER / "airflow_dag.py"))
    recipe["sst_fleet"]()

    assert Task.expanded == ("upgrade", ["acme", "umbrella"])


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize(("code", "error"), [(75, RetriedError), (1, FinalError), (5, FinalError)])
def test_dag_tries_only_exit_code_75_again(
    program: Callable[[int, object], None], code: int, error: type[Exception]
) -> None:
    program(0, {"targets": [], "before": None, "after": "head", "run_id": "r1"})
    recipe = runpy.run_path(str(FOLDER / "airflow_dag.py"))
    assert recipe["upgrade"]("acme")["after"] == "head"
    program(code, {"error": {"message": "the table is busy"}})

    with pytest.raises(RetriedError, match="the table is busy") as raised:
        recipe["upgrade"]("acme")

    assert type(raised.value) is error


def test_workflow_refers_to_what_it_has() -> None:
    workflow = yaml.safe_load((FOLDER / "argo-workflow.yaml").read_text("utf-8"))
    spec = workflow["spec"]
    templates = {each["name"]: each for each in spec["templates"]}
    steps = [step for group in templates[spec["entrypoint"]]["steps"] for step in group]
    known = {f"workflow.parameters.{each['name']}" for each in spec["arguments"]["parameters"]}
    known |= {
        f"inputs.parameters.{each['name']}"
        for each in templates["upgrade"]["inputs"]["parameters"]
    }
    container = templates["upgrade"]["container"]
    volumes = {volume["name"] for volume in spec["volumes"]}

    assert {step["template"] for step in steps} == {"upgrade"}
    assert set(re.findall(r"{{(.*?)}}", json.dumps(workflow))) == known | {"item"}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    words = [*container["command"], *container["args"]]
    assert words[:4] == ["python", "migrate.py", "upgrade", "--target"]


def test_workflow_tries_only_exit_code_75_again() -> None:
    workflow = yaml.safe_load((FOLDER / "argo-workflow.yaml").read_text("utf-8"))
    (strategy,) = [
        each["retryStrategy"] for each in workflow["spec"]["templates"] if "retryStrategy" in each
    ]

    assert strategy["expression"] == "asInt(lastRetry.exitCode) == 75"
    assert int(strategy["limit"]) > 0
