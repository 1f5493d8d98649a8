"""`--format github`: annotations have the way on, and the summary of the step has all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.checkouts import git
from tests.support.door import Door

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

_PLUGIN = """
    from sst.hooks import Check, CheckResult, CheckStatus, Finding, Veto, hookimpl

    @hookimpl
    def judge(statement):
        if "drop" in statement.sql:
            yield Finding("no-drop", "it drops 100% of a, b: all")

    @hookimpl
    def register_checks():
        hostile = "9% | <b> `x`\\r::add-mask::a @team #1 https://a.b"
        yield Check("odd", lambda _: CheckResult(CheckStatus.WARN, hostile))
        yield Check("even", lambda _: CheckResult(CheckStatus.PASS, "it is"))

    @hookimpl
    def review_plan(run):
        if any("refused" in each.description for each in run.plan):
            raise Veto("not on a Friday", hint="wait until Monday")
    """


_ROWS = "1 row of note repeats another row in id"


@pytest.fixture
def told(project: Project, tmp_path: Path) -> Project:
    """Return a project with checks, rules and one applied revision; its steps have a summary."""
    project.plugin("team", _PLUGIN)
    project.enable("backup", "team")
    project.revision("one", "op.execute('create table note (id integer)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    project.environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary.md")
    return project


def _summary(project: Project) -> str:
    with open(project.environment["GITHUB_STEP_SUMMARY"], encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


@pytest.mark.parametrize("command", ["check", "status"])
def test_pending_is_an_error_with_the_way_on(told: Project, command: str) -> None:
    told.revision("two", "pass")

    done = told.migrate(command, "--format", "github")

    assert done.exit_code == 3
    assert done.stdout.splitlines()[0] == (
        "::error title=pending::1 revision is pending.%0Athe database is at one; pending: two%0A"
        "next: run `python migrate.py upgrade`"
    )
    last = done.stdout.splitlines()[-1]
    assert last.startswith(
        f"::notice title={command}::pending: the database is at one, 1 pending, "
    )
    assert "| `two` | pending | two |" in _summary(told)


def test_check_warns_in_words_that_no_text_of_others_can_end(told: Project) -> None:
    done = told.migrate("check", "--format", "github")

    assert done.exit_code == 0
    [warning, notice] = done.stdout.splitlines()
    assert warning == (
        "::warning title=team/odd::9%25 | <b> `x`\\x0d::add-mask::a @team #1 https://a.b"
    )
    assert notice.startswith("::notice title=check::up_to_date: the database is at one (head), ")
    assert (
        "| team/odd | warn | 9% \\| &lt;b&gt; \\`x\\`\\\\x0d::add-mask::a @<!-- -->team "
        "#<!-- -->1 https:<!-- -->//a.b |\n" in _summary(told)
    )
    assert _summary(told).count("add-mask") == 1


def test_refusal_names_its_plugin_before_anything_runs(told: Project) -> None:
    told.revision("refused")

    plan = told.migrate("plan", "--format", "github")
    upgrade = told.migrate("upgrade", "--no-plugin", "backup", "--format", "github")

    assert (
        "::error title=refused by team::not on a Friday%0Anext: wait until Monday"
        in plan.stdout.splitlines()
    )
    assert upgrade.exit_code == 5
    assert upgrade.stdout.startswith("::error title=vetoed::")
    assert "not on a Friday" in _summary(told)


def test_failing_revision_is_annotated_in_its_file(told: Project) -> None:
    """The project may be a folder of the checkout, whose files GitHub names from the top."""
    git(told.root.parent, "init", "--quiet")
    told.revision("two", "op.execute('create table other (id integer)')")
    told.revision("three", "op.execute('select 1 / 0')")

    done = told.migrate("upgrade", "--no-plugin", "backup", "--format", "github")

    assert done.exit_code == 1
    first, *_, last = done.stdout.splitlines()
    place = "project/alembic/versions/20260002_three.py"
    assert first.startswith(f"::error file={place},line=17,title=revision_failed::")
    assert "Committed in this run: two.%0ADivisionByZero: division by zero%0A" in first
    assert last.startswith("::notice title=upgrade::one -> two: 1 revision in ")
    assert "| `two` | applied | " in _summary(told)
    assert "| `three` | failed | three |" in _summary(told)


def test_plan_annotates_findings_and_rows_and_has_its_page_as_the_summary(told: Project) -> None:
    told.query("insert into note values (1), (1)")
    told.revision(
        "two", "op.execute('alter table note add unique (id)')\nop.execute('drop table note')"
    )

    plan = told.migrate("plan", "--format", "github")

    assert plan.exit_code == 0
    place = "alembic/versions/20260001_two.py"
    assert plan.stdout.splitlines()[:2] == [
        f"::error file={place},line=17,title=rows::would fail: {_ROWS}",
        f"::error file={place},line=18,title=no-drop::it drops 100%25 of a, b: all",
    ]
    assert _summary(told).startswith("<!-- sst-plan -->\n## Migration plan\n")


def test_way_back_has_the_form_too(told: Project) -> None:
    done = told.migrate("downgrade", "-1", "--no-plugin", "backup", "--format", "github")

    assert done.exit_code == 0, done.output
    assert "| `one` | reverted | " in _summary(told)


def test_answer_that_writes_a_summary_is_never_told_again(told: Project, tmp_path: Path) -> None:
    """Without one the lines are all that there is."""
    summary = told.environment.pop("GITHUB_STEP_SUMMARY")
    door = Door(told, tmp_path / "door")
    words = ("status", "--format", "github")

    kept = door.warm(*words)
    made = [door.call(*words, GITHUB_STEP_SUMMARY=summary) for _ in range(3)]

    assert kept.stdout.startswith("::notice title=status::up_to_date: ")
    assert [each.is_kept for each in made] == [False, False, False]
    with open(summary, encoding="utf-8") as file:  # noqa: PTH123
        assert file.read().count("## status") == 3


def test_secret_reaches_neither_annotation_nor_summary(told: Project) -> None:
    told.revision("two", "raise ValueError('the word is canary-of-redis')")

    done = told.migrate(
        *("upgrade", "--no-plugin", "backup", "--format", "github"),
        REDIS_URL="redis://:canary-of-redis@localhost/0",
    )

    assert done.exit_code == 1
    assert "the word is ********" in done.stdout
    assert "the word is \\*\\*\\*\\*\\*\\*\\*\\*" in _summary(told)
    assert "canary-of-redis" not in done.output + _summary(told)
