"""The questions of `repair` on a terminal: what is no yes is a no, and Ctrl-C is an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.prompts import CTRL_C, CTRL_D, asked

if TYPE_CHECKING:
    from tests.support.project import Project

UNVALIDATED = "select count(*) from pg_constraint where not convalidated"


@pytest.fixture
def damaged(project: Project) -> Project:
    """Return a project whose database has a constraint that was never validated."""
    project.revision("sites", "op.create_table('sites', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    project.query("alter table sites add constraint positive check (id > 0) not valid")
    return project


@pytest.mark.parametrize("answer", ["\n", CTRL_D, "n\n", "yse\n"])
def test_what_is_no_yes_is_declined(damaged: Project, answer: str) -> None:
    with asked(damaged, "repair", environment="development") as terminal:
        terminal.wait_for("Do it? [y/N]:")
        terminal.type(answer)
        code = terminal.finish()

    assert code == 3, terminal.text
    assert terminal.text.count("Do it?") == 1
    assert "declined" in terminal.text
    assert damaged.query(UNVALIDATED) == [(1,)]


def test_yes_repairs_what_the_question_shows(damaged: Project) -> None:
    with asked(damaged, "repair", environment="development") as terminal:
        terminal.wait_for("Do it? [y/N]:")
        shown = terminal.text
        terminal.type("Y\n")
        code = terminal.finish()

    assert "remedy: ALTER TABLE public.sites VALIDATE CONSTRAINT positive" in shown
    assert "loses:  nothing" in shown
    assert code == 0, terminal.text
    assert damaged.query(UNVALIDATED) == [(0,)]


def test_ctrl_c_at_a_question_ends_the_repair(damaged: Project) -> None:
    with asked(damaged, "repair", environment="development") as terminal:
        terminal.wait_for("Do it? [y/N]:")
        terminal.type(CTRL_C)
        code = terminal.finish()

    assert code == 130, terminal.text
    assert damaged.query(UNVALIDATED) == [(1,)]
    assert damaged.migrate("upgrade").exit_code == 0
