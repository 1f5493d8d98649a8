"""The recipe of a Job for many databases: as Kubernetes takes it, and with our exit codes."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.support.compose import ROOT
from tests.support.manifests import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

FILE = ROOT / "deploy" / "fleet" / "kubernetes-job.yaml"


@pytest.fixture
def job() -> dict[str, Any]:
    """Return the Job of the recipe."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def test_job_fits_the_schema_of_kubernetes(job: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))

    assert [error.message for error in Draft202012Validator(schema).iter_errors(job)] == []


def test_only_exit_code_75_is_tried_again(job: dict[str, Any]) -> None:
    disruption, failure = job["spec"]["podFailurePolicy"]["rules"]

    assert disruption["action"] == "Ignore"
    assert failure["action"] == "FailIndex"
    assert failure["onExitCodes"] == {
        "containerName": job["spec"]["template"]["spec"]["containers"][0]["name"],
        "operator": "NotIn",
        "values": [75],
    }
    assert job["spec"]["backoffLimitPerIndex"] > 0


def called(job: dict[str, Any], tmp_path: Path, index: int) -> subprocess.CompletedProcess[str]:
    """Run the command line of *job* for *index*, with a program that prints its words."""
    (tmp_path / "names").write_text("acme\numbrella\n")
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    variables = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "NAMES": str(tmp_path / "names"),
        "JOB_COMPLETION_INDEX": str(index),
    }
    return subprocess.run(
        [*container["command"], *container["args"]],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_index_has_its_own_database(job: dict[str, Any], tmp_path: Path) -> None:
    words = [called(job, tmp_path, index).stdout.strip() for index in (0, 1)]

    assert words == [f"migrate.py upgrade --target {name} --json" for name in ("acme", "umbrella")]


def test_index_without_a_name_runs_nothing(job: dict[str, Any], tmp_path: Path) -> None:
    result = called(job, tmp_path, 2)

    assert result.returncode not in (0, 75)
    assert result.stdout == ""
    assert "no name for this index" in result.stderr
