"""The rules judge each statement of a plan; what they could not judge is a finding, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

_RULES = """
    import time
    from sst.hooks import Finding, Statement, hookimpl

    @hookimpl
    def judge(statement: Statement):
        if "broken" in statement.sql:
            raise RuntimeError("not today")
        if "slow" in statement.sql:
            time.sleep(60)
        if "drop" in statement.sql:
            yield Finding("no-drop", f"it drops, in {statement.revision}", "op.execute('keep')")
    """


@pytest.fixture
def pending(project: Project) -> Project:
    """Return a project with a rule of its own, and a table."""
    project.plugin("rules", _RULES)
    project.enable("backup", "rules")
    project.revision("one", "op.execute('create table note (id integer, old integer)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    return project


def findings(project: Project, *words: str) -> list[dict[str, Any]]:
    """Return the findings of the plan, in their order."""
    plan = project.migrate("plan", "--json", *words).json
    return [found for each in plan["revisions"] for found in each["findings"] or ()]


def test_finding_has_its_place_and_what_the_revision_accepts(pending: Project) -> None:
    pending.revision(
        "two",
        "op.execute('alter table note drop column old')"
        "  # sst: accept no-drop because nobody reads it until 2999-01-31\n"
        "op.execute(\n    'drop table note'\n)",
    )

    first, second = findings(pending)

    assert first["accepted"] == {"reason": "nobody reads it", "until": "2999-01-31"}
    assert (second["rule"], second["level"], second["accepted"]) == ("no-drop", "error", None)
    assert [first["line"], second["line"]] == [17, 18]
    assert first["file"] == "alembic/versions/20260001_two.py"
    assert second["instead"] == "op.execute('keep')"


def test_finding_without_a_line_is_accepted_anywhere_in_the_file(pending: Project) -> None:
    """Such as on what a cursor of the driver's own has sent."""
    pending.enable("backup", "safe_ddl")
    sends = "op.get_bind().connection.cursor().execute('create index x on note (id)')"
    pending.revision("two", f"# sst: accept scan-under-lock because it is short\n{sends}")

    [found] = findings(pending)

    assert (found["rule"], found["accepted"]["reason"]) == ("scan-under-lock", "it is short")


def test_acceptance_is_not_unused_where_no_plugin_has_rules(pending: Project) -> None:
    pending.enable("backup")
    pending.revision("two", "op.execute('select 1')  # sst: accept no-drop because it is short")

    lint = pending.migrate("lint", "--json")

    assert (lint.exit_code, lint.json["findings"]) == (0, [])


def test_rule_that_breaks_is_a_finding(pending: Project) -> None:
    """A gate must not turn green because a rule broke."""
    pending.revision("two", "op.execute('comment on table note is $$broken$$')")

    [found] = findings(pending)

    assert (found["rule"], found["level"], found["line"]) == ("rule-failed", "error", 17)
    assert (
        "plugin rules, judge: raised RuntimeError: not today [plugins/rules.py:" in found["what"]
    )


def test_rule_that_hangs_is_a_finding_and_asked_no_more(pending: Project) -> None:
    pending.settings["plugins.rules.timeout_seconds"] = 0.3
    pending.revision(
        "two",
        "op.execute('comment on table note is $$slow$$')\nop.execute('drop table note')",
    )

    [found] = findings(pending)

    assert found["rule"] == "rule-failed"
    assert "no answer within 0.3 s" in found["what"]


def test_revision_that_stops_the_rehearsal_is_not_judged(pending: Project) -> None:
    """Its comments are not held against it; those of the revision before it are."""
    pending.revision("two", "op.execute('select 1')  # sst: accept no-drop because of that")
    pending.revision(
        "three",
        "op.execute('alter table note drop column id')\nraise ValueError('not here')\n"
        "op.execute('select 1')  # sst: accept no-drop because of that",
    )

    found = [(each["rule"], each["line"]) for each in findings(pending)]

    assert found == [("unused-accept", 17), ("no-drop", 17), ("not-judged", 18)]


def test_statement_that_is_not_seen_is_not_judged_and_may_be_accepted(pending: Project) -> None:
    pending.revision(
        "two",
        "with op.get_context().autocommit_block():\n    op.execute('vacuum note')\n"
        "    op.execute('vacuum note')  # sst: accept not-judged because it is the night",
    )

    first, second = findings(pending)

    assert [first["rule"], second["rule"]] == ["not-judged", "not-judged"]
    assert "cannot run in a transaction block" in first["what"]
    assert (first["accepted"], second["accepted"]["reason"]) == (None, "it is the night")


def test_concurrent_statement_with_nothing_to_do_is_a_warning(pending: Project) -> None:
    """It stops nobody, and IF NOT EXISTS is what a revision that may run again should have."""
    create = "op.execute('create index concurrently if not exists note_id on note (id)')"
    pending.revision(
        "two", f"with op.get_context().autocommit_block():\n    {create}\n    {create}"
    )

    [found] = findings(pending)

    assert (found["rule"], found["level"], found["line"]) == ("not-judged", "warning", 19)


def test_use_of_a_comment_is_not_asked_behind_a_revision_that_makes_tables(
    pending: Project,
) -> None:
    """In an empty database nobody minds what is done to them, in a real one they are there."""
    unused = "op.execute('select 1')  # sst: accept no-drop because nobody reads it"
    pending.revision("two", "op.execute('create index on note (id)')")
    pending.revision("three", f"{unused}\nop.execute('create table fresh (id integer)')")
    pending.revision("four", unused)

    found = [(each["rule"], each["file"][-8:]) for each in findings(pending)]

    assert found == [("unused-accept", "three.py")]


def test_way_back_is_judged_with_its_own_comments(pending: Project) -> None:
    pending.revision(
        "two",
        "op.execute('drop table note')  # sst: accept no-drop because it is empty",
        "op.execute('create table note (id integer)')",
    )
    assert pending.migrate("upgrade", "--no-plugin", "backup").exit_code == 0

    assert findings(pending, "-1") == []
