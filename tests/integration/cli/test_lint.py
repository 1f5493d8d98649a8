"""`lint` judges what is pending, says how much it could judge, and fails on errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

RULES = """
    from sst.hooks import Finding, Level, Statement, hookimpl

    @hookimpl
    def judge(statement: Statement):
        if "drop" in statement.sql:
            yield Finding("no-drop", "it drops what others use", "op.execute('keep')\\nkeep()")
        if "comment" in statement.sql:
            yield Finding("no-comment", "it says nothing", level=Level.WARNING)
    """
_DROP = "op.execute('alter table note drop column old')"
_TABLE = "op.execute('create table note (id integer, old integer, older integer)')"


@pytest.fixture
def pending(project: Project) -> Project:
    """Return a project with a rule of its own, and a table."""
    project.plugin("rules", RULES)
    project.enable("backup", "rules")
    project.revision("one", _TABLE)
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    return project


def test_nothing_pending_is_nothing_to_judge(pending: Project) -> None:
    lint = pending.migrate("lint")

    assert (lint.exit_code, lint.stdout) == (
        0,
        "nothing to judge: the database is at one (head)\n",
    )


def test_error_ends_with_three_and_names_place_and_code(pending: Project) -> None:
    pending.revision("two", _DROP)

    lint = pending.migrate("lint")

    assert lint.exit_code == 3
    place = "alembic/versions/20260001_two.py:17"
    assert lint.stdout.splitlines() == [
        f"{place}\terror\tno-drop\tit drops what others use",
        "\top.execute('keep')",
        "\tkeep()",
        "judged 1 of 1 statement in 1 revision: 1 error, 0 warnings, 0 accepted",
    ]
    assert "The rules have 1 error that no revision accepts.\n" in lint.stderr
    assert f"why:  no-drop at {place}" in lint.stderr
    assert "judged on a copy without rows on the database's own server\n" in lint.stderr
    assert pending.current_revision() == "one"


def test_warning_and_accepted_finding_end_with_zero(pending: Project) -> None:
    pending.revision(
        "two",
        f"{_DROP}  # sst: accept no-drop because nobody reads it\n"
        "op.execute('comment on table note is null')",
    )

    lint = pending.migrate("lint")
    told = pending.migrate("lint", "-v")

    assert lint.exit_code == 0
    assert "\twarning\tno-comment\t" in lint.stdout
    assert "no-drop" not in lint.stdout
    assert lint.stdout.endswith(
        "judged 2 of 2 statements in 1 revision: 0 errors, 1 warning, 1 accepted\n"
    )
    assert (
        "\taccepted\tno-drop\tit drops what others use (accepted: nobody reads it)" in told.stdout
    )


def test_json_has_every_finding_and_how_much_was_judged(pending: Project) -> None:
    """What follows a revision that stops the rehearsal is judged by the form of its SQL."""
    pending.revision("two", f"{_DROP}  # sst: accept no-drop because nobody reads it")
    pending.revision("three", "op.execute('select 1 / 0')\nop.execute('drop table note')")
    pending.revision("four", "op.execute('drop table other')")

    lint = pending.migrate("lint", "--format", "json")
    found = lint.json

    assert (lint.exit_code, found["error"]["code"], found["command"]) == (3, "lint", "lint")
    assert (found["judged"], found["by_form"], found["statements"]) == (1, 3, 4)
    assert [(each["revision"], each["rule"], each["level"]) for each in found["findings"]] == [
        ("two", "no-drop", "error"),
        ("three", "not-judged", "error"),
        ("three", "no-drop", "error"),
        ("four", "not-judged", "warning"),
        ("four", "no-drop", "error"),
    ]
    assert found["findings"][0]["accepted"] == {"reason": "nobody reads it", "until": None}
    assert [each["revision"] for each in found["not_judged"]] == ["three", "four"]
    assert "DivisionByZero" in found["not_judged"][0]["why"]


def test_lint_that_could_not_look_has_its_keys(pending: Project) -> None:
    lint = pending.migrate("lint", "nowhere", "--format", "json")

    assert (lint.exit_code, lint.json["findings"], lint.json["judged"]) == (6, None, None)


def test_database_that_does_not_answer_is_not_needed(pending: Project) -> None:
    nobody = "postgresql://postgres@127.0.0.1:9/nobody"

    lint = pending.migrate("lint", DATABASE_URL=nobody)

    assert lint.exit_code == 75
    assert "lint --offline` needs no database" in lint.stderr
