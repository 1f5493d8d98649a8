"""A revision id that the version table cannot hold is refused before anything is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Outcome, Project

LONG = "20261125_add_customer_loyalty_points_table"
WIDEN = "op.execute('alter table alembic_version alter version_num type varchar(64)')"


def assert_too_long(result: Outcome) -> None:
    """Check that *result* is refused with both lengths."""
    assert (result.exit_code, result.json["error"]["code"]) == (6, "revision_id_too_long")
    assert "has 42 characters" in result.json["error"]["message"]
    assert "alembic_version.version_num holds 32" in result.json["error"]["message"]


@pytest.mark.parametrize("aside", ["", "# no version_num", "'version_num is not widened here'"])
def test_long_id_is_refused_before_the_backup(project: Project, aside: str) -> None:
    """Only code that speaks of the column may widen it: no comment, no docstring."""
    project.enable("backup")
    project.revision(LONG, f"{aside}\nop.execute('create table t (id int)')")

    results = [
        project.migrate(*words, "--json")
        for words in (["upgrade"], ["plan"], ["check"], ["stamp", "head"])
    ]

    for result in results:
        assert_too_long(result)
    assert project.query("select to_regclass('t')") == [(None,)]
    assert not list(project.root.glob("backups/*"))


def test_plan_and_run_that_end_below_the_long_id_go_on(project: Project) -> None:
    project.revision("a1")
    project.revision(LONG)

    plan, upgrade = project.migrate("plan", "a1"), project.migrate("upgrade", "a1")

    assert (plan.exit_code, upgrade.exit_code) == (0, 0), upgrade.output
    assert_too_long(project.migrate("upgrade", "--json"))


@pytest.mark.parametrize("kind", ["varchar(64)", "text"])
def test_column_that_was_widened_is_honoured(project: Project, kind: str) -> None:
    project.revision("a1")
    project.migrate("upgrade")
    project.query(f"alter table alembic_version alter version_num type {kind}")
    project.revision(LONG)

    result = project.migrate("upgrade", "--json")

    assert (result.exit_code, result.json["after"]) == (0, LONG), result.output


@pytest.mark.parametrize("where", ["before", "itself"])
def test_revision_that_widens_the_column_is_honoured(project: Project, where: str) -> None:
    if where == "before":
        project.revision("a1", WIDEN)
    project.revision(LONG, "pass" if where == "before" else WIDEN)

    result = project.migrate("upgrade", "--json")

    assert (result.exit_code, result.json["after"]) == (0, LONG), result.output


def test_narrower_column_is_the_one_that_counts(project: Project) -> None:
    project.revision("a1")
    project.migrate("upgrade")
    project.query("alter table alembic_version alter version_num type varchar(8)")
    project.revision("0123456789ab")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 6, result.output
    assert "has 12 characters" in result.json["error"]["message"]
    assert "holds 8" in result.json["error"]["message"]
