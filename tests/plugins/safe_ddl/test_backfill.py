"""A backfill that a rule offers comes to an end on rows that do not stay as it writes them."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from tests.support.judged import planned

if TYPE_CHECKING:
    from tests.support.project import Project

_CHANGED_BACK = """
create table note (id integer primary key, status text);
insert into note select i, 'old' from generate_series(1, 1000) i;
create function back() returns trigger language plpgsql as
    'begin new.status := old.status; return new; end';
create trigger back before update on note for each row execute function back()
"""
_BROKEN = "op.execute(\"update note set status = 'new'\")"


def test_rows_that_are_changed_back_end_it_in_words(project: Project) -> None:
    project.enable("backup", "safe_ddl")
    project.query(_CHANGED_BACK)
    project.revision("one", _BROKEN)
    [finding] = planned(project)["one"]
    [file] = project.root.glob("alembic/versions/*_one.py")
    offered = indent(finding["instead"], "    ").strip()
    file.write_text(file.read_text().replace(_BROKEN, offered))
    project.enable()

    run = project.migrate("upgrade")

    assert run.exit_code == 1, run.output
    assert "after ten passes there are rows left to write: something adds them" in run.stderr
