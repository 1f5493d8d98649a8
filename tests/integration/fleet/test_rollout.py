"""`upgrade --all` on real databases: canary, waves, budget, what is left, and every form of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.support.junit import read_junit
from tests.support.many import ONE_AFTER_THE_OTHER, ManyDatabases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.support.project import Outcome, Project

FAILS_WHERE_BROKEN = """
op.execute("do $$ begin if to_regclass('broken') is not null then raise 'broken'; end if; end $$")
op.execute("create table work (id int)")
"""
BROKEN = "create table broken (id int)"


@pytest.fixture
def many(project: Project, make_database: Callable[[], str]) -> ManyDatabases:
    """Return six databases of a project with a revision that fails where a table `broken` is."""
    project.revision("one", FAILS_WHERE_BROKEN)
    return ManyDatabases.create(project, make_database, 6)


def upgrade(many: ManyDatabases, *words: str) -> Outcome:
    """Run `upgrade` with *words*; one database after the other."""
    return many.project.migrate("upgrade", *ONE_AFTER_THE_OTHER, *words)


def broken(many: ManyDatabases, names: Iterable[str]) -> None:
    """Let the revision fail on the databases of *names*."""
    for name in names:
        many.query(name, BROKEN)


def states(result: Outcome) -> dict[str, str]:
    """Return what `--json` says of each database, in a word."""
    return {name: each["state"] for name, each in result.json["targets"].items()}


def test_all_are_upgraded_and_the_canary_has_ended_before_another_begins(
    many: ManyDatabases,
) -> None:
    result = many.project.migrate("upgrade", "--all", "--canary", "t3", "--parallel", "2")

    assert result.exit_code == 0, result.output
    assert set(many.revisions().values()) == {"one"}
    ends = "select started_at, finished_at from migrator.run"
    [(_, canary)] = many.query("t3", ends)
    assert all(many.query(name, ends)[0][0] > canary for name in many.names if name != "t3")
    assert result.stdout.splitlines()[0] == "t0\tdone\tempty -> one"
    assert result.stdout.splitlines()[-1] == "6 targets: 6 done"


def test_failing_canary_leaves_all_others_untouched(many: ManyDatabases) -> None:
    broken(many, ["t2"])

    result = upgrade(many, "--all", "--canary", "t2,t4", "--max-failures", "100%", "--json")

    assert result.exit_code == 5
    error = result.json["error"]
    assert error["code"] == "rollout_stopped"
    assert "1 failure in the canary" in error["message"]
    assert result.json["counts"] == {"failed": 1, "skipped": 5}
    assert set(many.revisions().values()) == {None}
    assert sum(many.runs().values()) == 1


def test_budget_stops_and_resume_goes_on_with_what_is_left(many: ManyDatabases) -> None:
    broken(many, many.odd)

    stopped = upgrade(many, "--all", "--max-failures", "1", "--json")

    assert stopped.exit_code == 5
    assert "--max-failures is 1" in stopped.json["error"]["message"]
    assert "2 targets not begun" in stopped.json["error"]["message"]
    assert states(stopped) == {
        **dict.fromkeys(["t0", "t2"], "done"),
        **dict.fromkeys(["t1", "t3"], "failed"),
        **dict.fromkeys(["t4", "t5"], "skipped"),
    }
    before = many.runs()
    for name in many.odd:
        many.query(name, "drop table broken")

    resumed = upgrade(many, "--all", "--resume", "--json")

    assert resumed.exit_code == 0, resumed.output
    assert resumed.json["counts"] == {"done": 4, "unchanged": 2}
    assert [resumed.json["targets"][name]["state"] for name in ("t0", "t2")] == ["unchanged"] * 2
    assert set(many.revisions().values()) == {"one"}
    assert {name: count - before[name] for name, count in many.runs().items()} == {
        **dict.fromkeys(["t0", "t2"], 0),
        **dict.fromkeys(["t1", "t3", "t4", "t5"], 1),
    }


def test_revision_that_fails_on_every_second_is_told_of_each(many: ManyDatabases) -> None:
    broken(many, many.odd)

    result = upgrade(many, "--all", "--max-failures", "50%")

    assert result.exit_code == 1
    assert [many.revision_of(name) for name in many.names] == ["one", None] * 3
    lines = result.stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines[:3]] == [[name, "done"] for name in many.even]
    assert [line.split("\t")[:2] for line in lines[3:6]] == [[name, "failed"] for name in many.odd]
    assert lines[6] == "6 targets: 3 done, 3 failed"
    assert "3 of 6 targets failed." in result.stderr
    assert "t1, t3, t5" in result.stderr


def test_junit_has_a_case_for_each(many: ManyDatabases) -> None:
    broken(many, ["t1"])

    result = upgrade(many, "--all", "--format", "junit")

    root = read_junit(result.stdout)
    cases = {case.get("name"): [each.tag for each in case] for case in root.iter("testcase")}
    assert result.exit_code == 5
    assert cases == {
        "t0": [],
        "t1": ["failure"],
        **{name: ["skipped"] for name in many.names[2:]},
    }
    assert "broken" in (root.find(".//failure").get("message") or "")  # type: ignore[union-attr]


def test_json_is_one_object_with_the_keys_of_each_command(many: ManyDatabases) -> None:
    result = upgrade(many, "--targets", "t[01]", "--json")

    answer = result.json
    assert (answer["command"], answer["ok"], answer["exit_code"]) == ("upgrade", True, 0)
    assert answer["counts"] == {"done": 2}
    assert [*answer["targets"]] == ["t0", "t1"]
    one: dict[str, Any] = answer["targets"]["t0"]
    assert (one["state"], one["exit_code"], one["attempts"]) == ("done", 0, 1)
    assert (one["before"], one["after"], one["schema_state"]) == (None, "one", "up_to_date")
    assert one["seconds"] > 0
    assert one["run_id"] == many.query("t0", "select id from migrator.run")[0][0]


def test_bad_last_run_at_head_is_not_settled(many: ManyDatabases) -> None:
    upgrade(many, "--targets", "t[0-3]")
    for name, outcome in {"t1": "interrupted", "t2": "unhealthy", "t3": "failed"}.items():
        many.query(name, "update migrator.run set outcome = %s", outcome)

    result = upgrade(many, "--targets", "t[0-3]", "--resume", "--json")

    assert result.exit_code == 0, result.output
    assert states(result) == {"t0": "unchanged", "t1": "done", "t2": "done", "t3": "done"}


def test_labels_choose(many: ManyDatabases) -> None:
    many.columns["region"] = dict.fromkeys(many.odd, "eu")
    many.write()

    result = upgrade(many, "--label", "region=eu", "--json")

    assert [*result.json["targets"]] == many.odd


@pytest.mark.parametrize("command", ["status", "plan"])
def test_look_has_the_exit_code_of_what_it_finds(many: ManyDatabases, command: str) -> None:
    pending = many.project.migrate(command, *ONE_AFTER_THE_OTHER, "--targets", "t[01]", "--json")
    upgrade(many, "--targets", "t[01]")
    fine = many.project.migrate(command, *ONE_AFTER_THE_OTHER, "--targets", "t[01]", "--json")

    one = many.project.migrate("--target", "t5", command)
    assert pending.exit_code == one.exit_code
    assert fine.exit_code == 0, fine.output
    assert fine.json["targets"]["t0"]["schema_state"] == "up_to_date"
    assert sum(many.runs().values()) == 2


def test_settings_of_a_target_are_those_of_its_run(many: ManyDatabases) -> None:
    many.columns["migrate.lock_wait"] = {"t1": "-3"}
    many.write()

    result = upgrade(many, "--targets", "t[01]", "--max-failures", "1", "--json")

    assert states(result) == {"t0": "done", "t1": "failed"}
    assert result.json["targets"]["t1"]["exit_code"] == 2
    assert "lock_wait" in result.json["targets"]["t1"]["error"]["message"].lower()


def test_backups_stop_when_one_cannot_be_written(many: ManyDatabases) -> None:
    """A disk that is full is full for the next one, too: the budget ends it."""
    many.project.enable("backup")
    for name in many.names:
        (many.project.root / name).mkdir()
    for name in many.odd:
        (many.project.root / name / "file").touch()
    folders = {name: f"{name}/{'file' if name in many.odd else 'backups'}" for name in many.names}
    many.columns["plugins.backup.directory"] = folders
    many.write()

    result = many.project.migrate("backup", "create", "--all", *ONE_AFTER_THE_OTHER, "--json")

    assert result.exit_code == 5
    assert result.json["counts"] == {"done": 1, "failed": 1, "skipped": 4}
    assert list((many.project.root / "t0" / "backups").iterdir())
    assert result.json["targets"]["t0"]["backup"]["id"]
    assert not (many.project.root / "t2" / "backups").exists()


COUNT = """
import click
from sst.hooks import CommandResult, hookimpl, works_on_many

@hookimpl
def register_commands():
    @works_on_many
    @click.command("count")
    @click.option("--fail-on", default="")
    @click.pass_obj
    def count(context, fail_on):
        print("a word for stderr")
        name = context.database_url.name
        if fail_on and name.endswith(fail_on):
            raise SystemExit(7)
        with context.inspect() as look:
            return CommandResult("", {"at": name, "one": look.fetch("select 1")[0][0]})
    return [count]
"""


def test_plugins_command_works_on_many_and_its_exit_ends_no_other(many: ManyDatabases) -> None:
    many.project.plugin("count", COUNT)
    many.project.enable("count")
    names = {name: urlsplit(url).path.strip("/") for name, url in many.urls.items()}

    words = ("--fail-on", names["t1"], "--max-failures", "1", "--json")
    result = many.project.migrate("count", "--targets", "t[012]", *ONE_AFTER_THE_OTHER, *words)

    assert result.exit_code == 1, result.output
    found = result.json["targets"]
    assert [found[name]["data"]["at"] for name in ("t0", "t2")] == [names["t0"], names["t2"]]
    assert (found["t1"]["state"], found["t1"]["exit_code"]) == ("failed", 7)
    assert "a word for stderr" in result.stderr
