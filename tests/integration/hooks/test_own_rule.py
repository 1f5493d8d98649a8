"""A team's own rule, as the page for plugin authors has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.judged import planned
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from tests.support.project import Project

FILE = REPOSITORY / "tests" / "support" / "outside" / "money_is_numeric.py"
PAGE = REPOSITORY / "docs" / "plugin-authors" / "rules.md"


def test_page_has_the_file() -> None:
    text = FILE.read_text(encoding="utf-8")

    assert f"```python\n{text}```\n" in PAGE.read_text(encoding="utf-8")


def test_own_rule_judges_every_form(project: Project) -> None:
    project.plugin("money_is_numeric", FILE.read_text(encoding="utf-8"))
    project.enable("backup", "money_is_numeric")
    project.query("create table item (id bigint)")
    project.revision(
        "forms",
        """
        op.add_column("item", sa.Column("price", sa.Double))
        op.add_column("item", sa.Column("amount", sa.Numeric(12, 2)))
        op.execute("do $$ begin execute 'alter table item add tip real'; end $$")
        """,
    )

    [findings] = planned(project).values()

    assert [(each["rule"], each["what"]) for each in findings] == [
        ("money-is-numeric", "price is double precision"),
        ("money-is-numeric", "tip is real"),
    ]
