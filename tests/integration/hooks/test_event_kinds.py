"""Events that are no end of a good run: unhealthy ones, and what `stamp` has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.project import Outcome, Project


def kinds(result: Outcome) -> list[str]:
    """Return the kinds of the events of a command, in order."""
    return [event["event"] for event in result.events]


def test_migrated_but_unhealthy_run_is_told_as_that(project: Project) -> None:
    project.revision("one", "op.execute('select 1')")
    project.fail_at("post_migrate")

    result = project.migrate("upgrade")

    assert result.exit_code == 4
    assert kinds(result) == ["run_started", "revision_applied", "run_unhealthy"]


def test_stamp_is_told_when_it_has_changed_something(project: Project) -> None:
    project.revision("one", "op.execute('select 1')")

    first, again = project.migrate("stamp", "head"), project.migrate("stamp", "head")
    back = project.migrate("stamp", "base")

    [event] = first.events
    assert event["event"] == "stamped"
    assert (event["command"], event["before"], event["after"]) == ("stamp", [], ["one"])
    assert event["message"] == "stamped as one; no revision was run"
    assert (
        event["run_id"]
        == project.query(
            "select id from migrator.run where command = 'stamp' order by started_at limit 1"
        )[0][0]
    )
    assert (kinds(again), kinds(back)) == ([], ["stamped"])


def test_stamp_that_is_refused_is_not_told(project: Project) -> None:
    project.revision("one", "op.execute('select 1')")

    result = project.migrate("stamp", "nowhere")

    assert (result.exit_code, kinds(result)) == (6, [])
