"""`runs`: who ran what when, and how it ended, whatever that was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chain import kill_asleep, start_asleep, write_chain

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.fixture
def chain(project: Project) -> Project:
    """Two revisions, nothing applied; the second fails while the file `broken` is there."""
    write_chain(project)
    return project


def runs(project: Project) -> list[dict[str, Any]]:
    """Return what `runs list --json` lists."""
    result = project.migrate("runs", "list", "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = result.json["runs"]
    return found


def test_database_that_was_never_migrated_has_no_runs(chain: Project) -> None:
    """And reading does not create the record."""
    text = chain.migrate("runs", "list")

    assert runs(chain) == []
    assert (text.exit_code, text.stdout) == (0, "")
    assert chain.query("select to_regnamespace('migrator')") == [(None,)]


def test_run_is_told_with_who_when_and_what_code(chain: Project) -> None:
    done = chain.migrate("upgrade", "--json", GIT_COMMIT="abc1234")

    [run] = runs(chain)

    assert run["id"] == done.json["run_id"]
    assert (run["command"], run["target"], run["outcome"]) == ("upgrade", "head", "succeeded")
    assert (run["before"], run["after"], run["error"]) == ([], ["two"], None)
    assert (run["git_commit"], run["tries"]) == ("abc1234", 2)
    assert run["duration_ms"] >= 0
    assert run["started_at"].endswith("Z")
    assert all(run["who"][name] for name in ("os_user", "db_role", "host", "pid"))
    assert [(step["revision"], step["outcome"]) for step in run["steps"]] == [
        ("one", "applied"),
        ("two", "applied"),
    ]


def test_run_that_was_rolled_back_says_what_failed_and_why(chain: Project) -> None:
    (chain.root / "broken").touch()
    chain.migrate("upgrade")

    [run] = runs(chain)
    shown = chain.migrate("runs", "show", run["id"])

    assert (run["outcome"], run["after"]) == ("failed", ["one"])
    assert (run["error"]["code"], run["error"]["sqlstate"]) == ("revision_failed", "42P01")
    assert [step["outcome"] for step in run["steps"]] == ["applied", "failed"]
    for word in ("nowhere", "failed", "select * from nowhere", "version", "one"):
        assert word in shown.stdout


def test_refused_run_is_listed_with_its_reason(chain: Project) -> None:
    chain.plugin(
        "never",
        """
        from sst.hooks import Veto, hookimpl
        @hookimpl
        def pre_migrate(run):
            raise Veto("the office is closed")
    """,
    )
    chain.enable("never")
    chain.migrate("upgrade")

    [run] = runs(chain)

    assert (run["outcome"], run["after"], run["tries"]) == ("refused", [], 0)
    assert run["error"]["code"] == "vetoed"
    assert "the office is closed" in chain.migrate("runs", "list").stdout


def test_killed_run_is_interrupted_before_anybody_marks_it(chain: Project) -> None:
    (chain.root / "slow").touch()
    run = start_asleep(chain)
    [while_it_runs] = runs(chain)
    kill_asleep(chain, run)

    [killed] = runs(chain)

    assert while_it_runs["outcome"] == "running"
    assert (killed["outcome"], killed["error"]["code"]) == ("interrupted", "killed")
    assert killed["duration_ms"] is None
    assert chain.query("select outcome from migrator.run") == [("running",)]


def test_newest_run_is_first_and_the_limit_holds(chain: Project) -> None:
    chain.migrate("upgrade")
    chain.migrate("downgrade", "-1")

    both, newest = runs(chain), chain.migrate("runs", "list", "--limit", "1", "--json")

    assert [run["command"] for run in both] == ["downgrade", "upgrade"]
    assert newest.json["runs"] == both[:1]


def test_run_is_found_by_a_unique_beginning(chain: Project) -> None:
    chain.migrate("upgrade", "+1")
    chain.migrate("upgrade")
    newest, oldest = (run["id"] for run in runs(chain))

    shown = chain.migrate("runs", "show", oldest[:-1], "--json")
    several = chain.migrate("runs", "show", newest[:2], "--json")
    none = chain.migrate("runs", "show", "nothing", "--json")

    assert (shown.json["run_id"], shown.json["run"]["id"]) == (oldest, oldest)
    assert (several.exit_code, none.exit_code) == (2, 2)
    assert newest in several.json["error"]["message"]
    assert "runs list" in none.json["error"]["hint"]


def test_backup_and_plugins_of_a_run_are_shown(chain: Project) -> None:
    chain.plugin(
        "saver",
        """
        from sst.hooks import Backup, hookimpl
        @hookimpl
        def pre_migrate(run):
            return Backup("b-1", "file:///safe/b-1", 10, "00", True)
    """,
    )
    chain.enable("saver")
    chain.migrate("upgrade")

    [run] = runs(chain)
    shown = chain.migrate("runs", "show", run["id"])

    assert (run["plugins"], run["backup"]["id"]) == (["saver"], "b-1")
    assert "file:///safe/b-1" in shown.stdout


def test_latest_is_the_newest_run(chain: Project) -> None:
    nothing = chain.migrate("runs", "show", "latest")
    chain.migrate("upgrade", "one")
    newest = chain.migrate("upgrade", "--json").json["run_id"]

    shown = chain.migrate("runs", "show", "latest", "--json")

    assert (nothing.exit_code, "none is on record" in nothing.output) == (2, True)
    assert shown.json["run"]["id"] == newest
