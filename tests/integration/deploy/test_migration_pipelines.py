"""The recipes that plan, comment and migrate: their schemas, and their commands run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.junit import read_junit
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

RECIPES = REPOSITORY / "deploy" / "pipelines"
GITHUB, GITLAB = RECIPES / "github-migrations.yml", RECIPES / "gitlab-migrations.yml"
# It keeps what it was called with, and answers a question for comments with the id in COMMENT.
_GH = """#!/bin/sh
echo "$*" >> gh.log
case "$*" in *--jq*) [ -z "$COMMENT" ] || echo "$COMMENT" ;; esac
"""


def _read(recipe: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    return found


def _step(job: str, name: str) -> str:
    steps = _read(GITHUB)["jobs"][job]["steps"]
    [found] = [each["run"] for each in steps if each.get("name") == name]
    return str(found)


def _run(project: Project, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run *script* in the checkout as a runner does."""
    found = {
        "PATH": f"{project.root}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}",  # noqa: PTH120
        "HOME": str(project.root.parent),
        "PYTHONPATH": str(REPOSITORY),
        "DATABASE_URL": project.database_url,
    }
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=project.root,
        env=found | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def checkout(project: Project) -> Project:
    """Return a project with the door of this repository and a revision that is pending."""
    (project.root / "migrate.py").write_bytes((REPOSITORY / "migrate.py").read_bytes())
    (project.root / "gh").write_text(_GH)
    (project.root / "gh").chmod(0o755)
    project.revision("one", "op.execute('create table note (id integer)')")
    return project


def test_one_run_at_a_time_is_cut_off_by_nothing() -> None:
    github, gitlab = _read(GITHUB)["jobs"]["migrate"], _read(GITLAB)["migrate"]

    assert github["concurrency"]["cancel-in-progress"] is False
    assert (gitlab["resource_group"], gitlab["interruptible"]) == (
        github["concurrency"]["group"],
        False,
    )
    assert github["environment"] == gitlab["environment"] == "production"


@pytest.mark.parametrize(("comment", "method"), [("", "POST"), ("17", "PATCH")])
def test_github_plans_and_writes_one_comment(checkout: Project, comment: str, method: str) -> None:
    """The second push finds the comment of the first one by its mark."""
    variables = {"COMMENT": comment, "GITHUB_REPOSITORY": "team/shop", "NUMBER": "5"}

    steps = [_run(checkout, _step("plan", name), **variables) for name in ("check", "plan")]
    commented = _run(checkout, _step("plan", "comment"), **variables)

    assert [each.returncode for each in (*steps, commented)] == [0, 0, 0], steps[0].stderr
    assert (checkout.root / "plan.md").read_text().startswith("<!-- sst-plan -->\n")
    *_, last = (checkout.root / "gh.log").read_text().splitlines()
    assert f"--method {method} repos/team/shop/issues/" in last
    assert last.endswith("--field body=@plan.md")
    assert checkout.current_revision() is None


def test_github_migrates_and_checks(checkout: Project) -> None:
    done = [_run(checkout, _step("migrate", name)) for name in ("upgrade", "check")]

    assert [each.returncode for each in done] == [0, 0], done[0].stderr
    assert (
        done[0].stdout.splitlines()[-1].startswith("::notice title=upgrade::empty -> one (head)")
    )
    assert checkout.current_revision() == "one"


def test_gitlab_plans_and_migrates_with_reports(checkout: Project) -> None:
    jobs = _read(GITLAB)

    planned = _run(checkout, "\n".join(jobs["plan"]["script"]))
    failures = read_junit((checkout.root / "check.xml").read_text()).get("failures")
    migrated = _run(checkout, "\n".join(jobs["migrate"]["script"]))

    assert (planned.returncode, failures, migrated.returncode) == (0, "1", 0), migrated.stderr
    assert (checkout.root / "plan.md").read_text().startswith("<!-- sst-plan -->\n")
    assert read_junit((checkout.root / "check.xml").read_text()).get("failures") == "0"
    assert checkout.current_revision() == "one"
