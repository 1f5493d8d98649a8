"""`check` as reports of GitLab and of everything that reads JUnit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.support.checkouts import git
from tests.support.code_quality import CODE_QUALITY
from tests.support.door import Door
from tests.support.junit import read_junit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

_PLUGIN = """
    import os
    from sst.hooks import Check, CheckResult, CheckStatus, Veto, hookimpl

    @hookimpl
    def register_checks():
        seen = os.environ.get("ROWS", "1")
        odd = CheckResult(CheckStatus.WARN, "<odd> & \\x1b[2J")
        bad = CheckResult(CheckStatus.FAIL, seen + " rows are bad", "rows")
        return [Check("odd", lambda _: odd), Check("bad", lambda _: bad)]

    @hookimpl
    def review_plan(run):
        raise Veto("not now")
    """


@pytest.fixture
def checked(project: Project) -> Project:
    """Return a project with a check that warns and one that fails, and nothing pending."""
    project.plugin("team", _PLUGIN)
    project.enable("team")
    return project


def test_junit_has_the_checks_of_a_real_database(checked: Project) -> None:
    done = checked.migrate("check", "--format", "junit")

    assert done.exit_code == 3
    suites = read_junit(done.stdout)
    found = {f"{each.get('classname')}/{each.get('name')}" for each in suites.iter("testcase")}
    assert found >= {"core/state", "core/ledger", "core/schema", "team/odd", "team/bad"}
    [failed] = suites.iter("failure")
    assert (failed.get("type"), failed.get("message")) == ("rows", "1 rows are bad")
    properties = {each.get("name"): each.get("value") for each in suites.iter("property")}
    assert (properties["state"], properties["environment"]) == ("up_to_date", "development")


def test_junit_is_whole_where_stdout_takes_ascii_alone(checked: Project) -> None:
    checked.revision("two", "pass")
    file = checked.root / "alembic/versions/20260000_two.py"
    file.write_text(file.read_text().replace('"""two', '"""añadir'), encoding="utf-8")

    done = checked.migrate("check", "--format", "junit", PYTHONIOENCODING="ascii")

    assert "pending: two añadir" in str(next(read_junit(done.stdout).iter("system-out")).text)


def test_junit_is_never_told_again(project: Project, tmp_path: Path) -> None:
    """Its times are those of the call; the same call in another form is kept."""
    door = Door(project, tmp_path / "door")
    door.warm("check", "--format", "text")

    made = [door.call("check", "--format", "junit") for _ in range(3)]

    assert [each.is_kept for each in made] == [False, False, False]


def test_gitlab_report_is_one_that_gitlab_takes(checked: Project) -> None:
    checked.revision("two", "pass")

    done = checked.migrate("check", "--format", "gitlab")

    report = json.loads(done.stdout)
    Draft202012Validator(CODE_QUALITY).validate(report)
    assert [(each["check_name"], each["severity"]) for each in report] == [
        ("pending", "critical"),
        ("vetoed", "critical"),
        ("team/odd", "minor"),
        ("team/bad", "critical"),
    ]
    assert {each["location"]["path"] for each in report} == {"settings.toml"}


def test_place_is_that_of_the_checkout_and_fingerprints_stay(checked: Project) -> None:
    git(checked.root.parent, "init", "--quiet")

    [first, second] = (
        json.loads(checked.migrate("check", "--format", "gitlab", ROWS=count).stdout)
        for count in ("1", "2")
    )

    assert first[1]["location"]["path"] == "project/settings.toml"
    assert first[1]["description"] != second[1]["description"]
    assert [each["fingerprint"] for each in first] == [each["fingerprint"] for each in second]
    assert len({each["fingerprint"] for each in first}) == len(first)
