"""`review_plan`: `plan` and `check` say who would refuse, and a run is refused before a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.testing import HookCall

if TYPE_CHECKING:
    from tests.support.project import Project

PLUGIN = """
from sst.hooks import Backup, Veto, hookimpl

@hookimpl
def review_plan(run):
    {body}

@hookimpl
def pre_migrate(run):
    return Backup("b-1", "file:///b-1", 1, "0" * 64, True)

@hookimpl
def migrate_failed(run, failure): ...

@hookimpl
def notify(event): ...
"""
REFUSES = 'raise Veto("too much at once", "upgrade +1 first", code="too_much")'
PASSES = "print([each.id for each in run.plan], run.command, run.target, run.before, run.after)"


@pytest.fixture
def planned(project: Project) -> Project:
    """Two revisions, nothing applied, and a plugin `cautious` that refuses their plan."""
    for name in ("one", "two"):
        project.revision(
            name,
            f"op.create_table('{name}', sa.Column('id', sa.Integer))",
            f"op.drop_table('{name}')",
        )
    project.plugin("cautious", PLUGIN.format(body=REFUSES))
    project.enable("cautious")
    return project


def test_plan_names_who_would_refuse_and_succeeds(planned: Project) -> None:
    shown, read = planned.migrate("plan"), planned.migrate("plan", "--json")

    assert (shown.exit_code, read.exit_code) == (0, 0), shown.output
    assert "refused by\tcautious\ttoo much at once -> upgrade +1 first" in shown.stdout
    assert read.json["vetoes"] == [
        {
            "plugin": "cautious",
            "why": "too much at once",
            "hint": "upgrade +1 first",
            "code": "too_much",
        }
    ]
    assert planned.query("select to_regclass('migrator.run')") == [(None,)]


def test_password_of_a_url_in_what_a_plugin_raises_is_masked(planned: Project) -> None:
    """An error's text had it masked; `plan`, `check` and the record had not."""
    body = "raise RuntimeError('postgresql://me:s3cret@host/shop')"
    planned.plugin("cautious", PLUGIN.format(body=body))

    told = [planned.migrate(*words) for words in (["plan"], ["check", "--json"], ["upgrade"])]

    assert [each.exit_code for each in told] == [0, 3, 5]
    assert all("postgresql://me:********@host/shop" in each.output for each in told)
    assert "s3cret" not in str(planned.query("select error::text from migrator.run"))


def test_sql_of_a_plan_has_the_refusal_as_a_comment(planned: Project) -> None:
    shown = planned.migrate("plan", "--sql")

    assert shown.stdout.startswith("-- refused by cautious too much at once -> upgrade +1 first")


def test_check_names_who_would_refuse_and_keeps_its_exit_code(planned: Project) -> None:
    shown, read = planned.migrate("check"), planned.migrate("check", "--json")

    assert (shown.exit_code, read.exit_code) == (3, 3), shown.output
    assert "refused by\tcautious\ttoo much at once" in shown.stdout
    assert read.json["error"]["code"] == "pending"
    assert [each["plugin"] for each in read.json["vetoes"]] == ["cautious"]


def test_plan_asks_every_plugin_also_after_one_that_breaks(planned: Project) -> None:
    planned.plugin("broken", PLUGIN.format(body="raise RuntimeError('boom')"))
    planned.enable("broken", "cautious")

    read = planned.migrate("plan", "--json")

    broken, cautious = read.json["vetoes"]
    assert read.exit_code == 0
    assert (cautious["plugin"], cautious["code"]) == ("cautious", "too_much")
    assert (broken["plugin"], broken["hint"], broken["code"]) == ("broken", "", "vetoed")
    assert broken["why"].startswith("RuntimeError: boom [plugins/broken.py:")


def test_run_is_refused_before_any_gate_prepares(planned: Project) -> None:
    """Also before the plugins that stand earlier in the list, such as the backup."""
    planned.plugin("backups", PLUGIN.format(body=PASSES))
    planned.enable("backups", "cautious")

    result = planned.migrate("upgrade", "--json")

    assert result.exit_code == 5
    assert result.json["error"] == {
        "code": "too_much",
        "message": "The plugin 'cautious' refused the run in review_plan; nothing was touched. "
        "too much at once",
        "hint": "upgrade +1 first",
    }
    assert planned.current_revision() is None
    assert planned.last_run()["outcome"] == "refused"
    called = [(call.plugin, call.hook) for call in result.calls if call.hook != "notify"]
    assert called == [("backups", "review_plan"), ("cautious", "review_plan")]
    assert [event["event"] for event in result.events] == ["run_started", "run_refused"]


def test_plan_is_reviewed_once_in_a_command(planned: Project) -> None:
    planned.plugin("cautious", PLUGIN.format(body=PASSES))

    for words in (("plan",), ("check",), ("upgrade",)):
        result = planned.migrate(*words)

        reviews = [call for call in result.calls if call.hook == "review_plan"]
        assert reviews == [HookCall("review_plan", "cautious", "returned")], words
        assert "['one', 'two'] upgrade head () ('two',)" in result.stderr, words


def test_downgrade_is_planned_and_reviewed_as_one(planned: Project) -> None:
    planned.plugin("cautious", PLUGIN.format(body=PASSES))
    planned.migrate("upgrade")

    planned_back = planned.migrate("plan", "-1")

    assert "['two'] downgrade -1 ('two',) ('one',)" in planned_back.stderr


def test_nothing_pending_is_not_reviewed(planned: Project) -> None:
    planned.enable()
    planned.migrate("upgrade")
    planned.enable("cautious")

    for words in (("plan",), ("check",), ("upgrade",)):
        result = planned.migrate(*words)

        assert result.exit_code == 0, result.output
        assert [call.hook for call in result.calls if call.hook == "review_plan"] == []


def test_review_may_look_at_the_database(planned: Project) -> None:
    body = "print(run.inspect().fetch('select current_database()'))"
    planned.plugin("cautious", PLUGIN.format(body=body))

    results = [planned.migrate("plan"), planned.migrate("upgrade")]

    name = planned.database_url.rpartition("/")[2].partition("?")[0]
    assert [name in each.stderr for each in results] == [True, True]
