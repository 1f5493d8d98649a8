"""The recipes for pipelines, and the hook for commits, do what they say in a real checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.checkouts import commit_all, git
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

RECIPES = REPOSITORY / "deploy" / "pipelines"
GITHUB, GITLAB = RECIPES / "github-lint.yml", RECIPES / "gitlab-lint.yml"
_RULES = """
    from sst.hooks import Finding, hookimpl

    @hookimpl
    def judge(statement):
        if "drop" in statement.sql:
            yield Finding("no-drop", "it drops what others use")
    """
_DROP = "op.execute('drop table note')"


@pytest.fixture
def checkout(project: Project) -> Project:
    """Return a project on a branch `work` of a clone; `main` of its origin has a table."""
    project.plugin("rules", _RULES)
    project.enable("backup", "rules")
    project.revision("one", "op.execute('create table note (id integer)')")
    (project.root / "migrate.py").write_bytes((REPOSITORY / "migrate.py").read_bytes())
    (project.root / ".gitignore").write_text("runs/\n__pycache__/\n")
    git(project.root, "init", "--quiet", "--initial-branch", "main")
    commit_all(project.root)
    origin = project.root.parent / "origin"
    git(project.root.parent, "clone", "--quiet", "--bare", str(project.root), str(origin))
    git(project.root, "remote", "add", "origin", str(origin))
    git(project.root, "checkout", "--quiet", "-b", "work")
    git(project.root, "branch", "--quiet", "-D", "main")
    return project


def read(recipe: Path) -> dict[str, Any]:
    """Return what is in *recipe*."""
    found: dict[str, Any] = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    return found


def run(project: Project, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run *script* in the checkout as a pipeline does, with `sst` and `python` of the tests."""
    found = {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",  # noqa: PTH120
        "HOME": str(project.root.parent),
        "PYTHONPATH": str(REPOSITORY),
        "DATABASE_URL": project.database_url,
    }
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=project.root,
        env=found | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("recipe", sorted(RECIPES.iterdir()), ids=lambda path: path.stem)
def test_recipe_fits_the_schema_of_its_pipeline(recipe: Path) -> None:
    is_gitlab = recipe.name.startswith("gitlab-")
    schema = "vendor.gitlab-ci" if is_gitlab else "vendor.github-workflows"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    command += ["--data-transform", "gitlab-ci"] if is_gitlab else []

    checked = subprocess.run(
        [*command, str(recipe)], capture_output=True, text=True, check=False, timeout=60
    )

    assert checked.returncode == 0, checked.stdout


def test_what_recipes_install_is_there() -> None:
    commands = [
        *(step["run"] for step in read(GITHUB)["jobs"]["lint"]["steps"] if "run" in step),
        *read(GITLAB)["lint"]["script"],
    ]

    installs = [each for each in commands if each.startswith("pip")]

    assert len(installs) == 2
    assert all((REPOSITORY / each.split()[-1]).is_file() for each in installs)


def test_github_annotates_what_a_pull_request_brings(checkout: Project) -> None:
    checkout.revision("two", _DROP)
    commit_all(checkout.root)
    git(checkout.root, "fetch", "--quiet", "origin", "main:refs/remotes/origin/main")
    steps = read(GITHUB)["jobs"]["lint"]["steps"]
    [script] = [step["run"] for step in steps if "migrate.py" in step.get("run", "")]
    summary = checkout.root.parent / "summary.md"

    done = run(checkout, script, GITHUB_BASE_REF="main", GITHUB_STEP_SUMMARY=str(summary))

    assert steps[0]["with"]["fetch-depth"] == 0
    assert done.returncode == 3, done.stderr
    annotation, last = done.stdout.splitlines()
    assert annotation == (
        "::error file=alembic/versions/20260001_two.py,line=17,title=no-drop::"
        "it drops what others use"
    )
    assert last.startswith("::notice title=lint::judged 1 of 1 statement in 1 revision")
    assert "it drops what others use" in summary.read_text(encoding="utf-8")


def test_gitlab_gets_a_report_also_of_a_request_that_fails(checkout: Project) -> None:
    checkout.revision("two", _DROP)
    commit_all(checkout.root)
    job = read(GITLAB)["lint"]
    script = "\n".join(each for each in job["script"] if not each.startswith("pip"))

    done = run(checkout, script, CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")

    assert (done.returncode, job["artifacts"]["when"]) == (3, "always"), done.stderr
    report = json.loads((checkout.root / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [each["check_name"] for each in report] == ["no-drop"]


def test_hook_judges_what_is_not_committed_yet(checkout: Project) -> None:
    """Git calls it with variables of its own, which lead to the index that is being committed."""
    [hook] = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program = "python -m sst" + hook["entry"].removeprefix("sst")
    script = " ".join([program, *hook["args"]])
    index = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index"}

    before = run(checkout, script, **index)
    checkout.revision("two", _DROP)
    staged = run(checkout, f"git add --all; {script}", **index)
    commit_all(checkout.root)
    after = run(checkout, script, **index)

    assert (hook["language"], hook["pass_filenames"]) == ("system", False)
    assert [before.returncode, staged.returncode, after.returncode] == [0, 3, 0], staged.stderr
    assert "alembic/versions/20260001_two.py:17\terror\tno-drop" in staged.stdout
