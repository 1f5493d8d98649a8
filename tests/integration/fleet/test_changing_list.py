"""A catalogue that changes while a rollout is at work: the call works on what it has read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.many import ONE_AFTER_THE_OTHER, ManyDatabases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

CHANGES = """
import psycopg2
op.execute("create table work (id int)")
here = op.get_bind().exec_driver_sql("select current_database()").scalar()
with psycopg2.connect(os.environ["DATABASE_URL"]) as catalogue, catalogue.cursor() as cursor:
    cursor.execute("select change from customer where url like %s", [f"%{here}%"])
    [(change,)] = cursor.fetchall() or [(None,)]
    if change:
        cursor.execute(change)
"""
"""A revision that changes the catalogue where that says so of its database."""


@pytest.fixture
def many(project: Project, make_database: Callable[[], str]) -> ManyDatabases:
    """Return t0, t1 and t2, rows of a catalogue, and two databases more that no row names."""
    project.revision("one", CHANGES)
    found = ManyDatabases.create(project, make_database, 5)
    del project.environment["MIGRATE__TARGETS__FILE"]
    project.environment["MIGRATE__TARGETS__QUERY"] = "select name, url from customer"
    project.query("create table customer (name text, url text, change text)")
    for name in ("t0", "t1", "t2"):
        project.query("insert into customer values (%s, %s)", name, found.urls[name])
    return found


def changed_by_the_first(many: ManyDatabases, statement: str) -> None:
    """Let the run on t0 execute *statement* on the catalogue."""
    many.project.query("update customer set change = %s where name = 't0'", statement)


def counts(many: ManyDatabases, *words: str) -> dict[str, str]:
    """Run `upgrade` and return the state of each target of its report."""
    result = many.project.migrate("upgrade", "--all", "--json", *ONE_AFTER_THE_OTHER, *words)
    assert result.exit_code == 0, result.output
    return {name: each["state"] for name, each in result.json["targets"].items()}


def test_target_that_vanishes_is_done_and_resume_leaves_it_alone(many: ManyDatabases) -> None:
    changed_by_the_first(many, "delete from customer where name = 't2'")

    first, resumed = counts(many), counts(many, "--resume")

    assert first == {"t0": "done", "t1": "done", "t2": "done"}
    assert resumed == {"t0": "unchanged", "t1": "unchanged"}
    assert many.runs() == {"t0": 1, "t1": 1, "t2": 1, "t3": 0, "t4": 0}


def test_target_that_is_added_waits_for_the_next_call(many: ManyDatabases) -> None:
    added = f"insert into customer values ('t3', '{many.urls['t3']}')"  # noqa: S608 - ours
    changed_by_the_first(many, added)

    first, resumed = counts(many), counts(many, "--resume")

    assert first == {"t0": "done", "t1": "done", "t2": "done"}
    assert resumed == {**dict.fromkeys(["t0", "t1", "t2"], "unchanged"), "t3": "done"}
    assert many.runs() == {"t0": 1, "t1": 1, "t2": 1, "t3": 1, "t4": 0}


def test_url_that_changes_is_that_of_the_next_call(many: ManyDatabases) -> None:
    """The database of the old URL is done; the one of the new URL is another database."""
    moved = f"update customer set url = '{many.urls['t4']}' where name = 't2'"  # noqa: S608 - ours
    changed_by_the_first(many, moved)

    first, resumed = counts(many), counts(many, "--resume")

    assert first == {"t0": "done", "t1": "done", "t2": "done"}
    assert resumed == {"t0": "unchanged", "t1": "unchanged", "t2": "done"}
    assert many.runs() == {"t0": 1, "t1": 1, "t2": 1, "t3": 0, "t4": 1}
