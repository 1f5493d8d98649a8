"""What is said wrong of many databases, and what is wrong with one of them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.integration.fleet.test_kills import SLEEPS, are_asleep, workers_of
from tests.integration.targets.test_command_line import tables
from tests.support.forks import wait_until
from tests.support.many import ONE_AFTER_THE_OTHER, ManyDatabases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SECRET = "canary-of-a-fleet"
NOWHERE = f"postgresql://o:{SECRET}@127.0.0.1:9/nowhere"


@pytest.fixture
def many(project: Project, make_database: Callable[[], str]) -> ManyDatabases:
    """Return two databases of a project with one revision."""
    project.revision("one", "op.execute('create table one (id int)')")
    return ManyDatabases.create(project, make_database, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("upgrade", "--all", "--target", "t0"), "--target is one database"),
        (("--target", "t0", "upgrade", "--all"), "--target is one database"),
        (("upgrade", "--all", "--label", "region=eu"), "leave out --targets and --label"),
        (("upgrade", "--all", "--targets", "t0"), "leave out --targets and --label"),
        (("check", "--all", "--format", "github"), "of many there is text, json, junit"),
        (("upgrade", "--canary", "1"), "add --all, --targets or --label"),
        (("upgrade", "--resume"), "add --all, --targets or --label"),
        (("upgrade", "--parallel", "2"), "add --all, --targets or --label"),
        (("upgrade", "--all", "--canary", "nobody"), "no chosen target is called nobody"),
        (("upgrade", "--all", "--canary", "0"), "There is no canary"),
        (("upgrade", "--all", "--max-failures", "some"), "neither a number nor a percentage"),
        (("upgrade", "--all", "--max-failures", "101%"), "more than 100%"),
        (("upgrade", "--all", "--parallel", "0"), "--parallel"),
        (("upgrade", "--all", "--pause", "soon"), "--pause"),
        (("upgrade", "--targets", "nobody"), "There is no target nobody"),
        (("plan", "--all", "--sql"), "the SQL of many databases is in --json alone"),
        (("upgrade", "--all", "--canary", ""), "Invalid value for '--canary': is empty"),
        (("upgrade", "--all", "--canary", "-1"), "no chosen target is called -1"),
        (("upgrade", "--all", "--max-failures", "-1"), "neither a number nor a percentage"),
        (("upgrade", "--all", "--pause", "nan"), "is not a number of seconds"),
        (("upgrade", "--all", "--pause", "-1"), "is not in the range"),
        (("upgrade", "--all", "--engine", ""), "Invalid value for '--engine': is empty"),
        (("upgrade", "--targets", ""), "Invalid value for '--targets': is empty"),
        (("upgrade", "--target", ""), "--target is empty"),
        (("--target", "", "upgrade"), "--target is empty"),
        (("upgrade", "--target", "t0", "--target", "t1"), "--target is given twice"),
        (("upgrade", "--label", "tier=a", "--label", "tier=b"), "tier is given twice"),
        (("targets", "list", "--label", "tier=a", "--label", "tier=b"), "tier is given twice"),
        (("upgrade", "--label", "region"), "is not KEY=VALUE"),
        (("upgrade", "--label", "region=eu"), "No target has these labels"),
        (("upgrade", "+1", "--all", "--resume"), "would move again what has moved"),
        (("check", "--all", "--canary", "1"), "--canary"),
    ],
    ids=str,
)
def test_wrong_words_are_exit_2_and_touch_nothing(
    many: ManyDatabases, words: tuple[str, ...], said: str
) -> None:
    result = many.project.migrate(*words)

    assert result.exit_code == 2, result.output
    assert said in result.output
    assert set(many.runs().values()) == {0}
    assert tables(many.project.database_url) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("t0,{other}", "t0: is listed twice"),
        ("other,{same}", "other and t0 are one database"),
        ("bad name,{other}", "name: 'bad name' is no name of a target"),
        ("t9,", "says of no database that it is it"),
        (",{other}", "name: is missing"),
    ],
    ids=["a name twice", "two names for one", "no name", "no database", "nameless"],
)
def test_wrong_list_is_exit_2_and_touches_nothing(
    many: ManyDatabases, database_url: str, more: str, said: str
) -> None:
    with (many.project.root / "targets.csv").open("a") as file:
        file.write(more.format(other=database_url, same=many.urls["t0"]) + "\n")

    result = many.project.migrate("upgrade", "--all")

    assert result.exit_code == 2, result.output
    assert said in result.output
    assert set(many.runs().values()) == {0}


@pytest.mark.parametrize(
    ("query", "code"), [("select name from nowhere", 2), ("select 'a' as url", 2)]
)
def test_catalogue_that_fails_touches_nothing(many: ManyDatabases, query: str, code: int) -> None:
    many.project.settings["migrate.targets.query"] = query

    result = many.project.migrate("upgrade", "--all", "--json")

    assert result.exit_code == code
    assert result.json["targets"] is None
    assert set(many.runs().values()) == {0}


def test_catalogue_that_is_away_is_exit_75(many: ManyDatabases) -> None:
    many.project.settings["migrate.targets.query"] = "select name, url from customer"
    many.project.environment["MIGRATE__TARGETS__CATALOG_URL"] = NOWHERE

    result = many.project.migrate("upgrade", "--all")

    assert result.exit_code == 75
    assert SECRET not in result.output


def test_look_at_one_that_is_away_is_exit_75_and_tells_of_the_others(many: ManyDatabases) -> None:
    many.project.migrate("upgrade", "--all", *ONE_AFTER_THE_OTHER)
    many.urls["t9"] = NOWHERE
    many.write()

    result = many.project.migrate("status", "--all", *ONE_AFTER_THE_OTHER, "--json")

    assert result.exit_code == 75
    assert result.json["counts"] == {"done": 2, "failed": 1}
    assert result.json["targets"]["t9"]["error"]["code"] == "database_unreachable"
    assert result.json["targets"]["t9"]["attempts"] == 1


def test_upgrade_of_one_that_is_away_is_tried_again_and_fails_alone(many: ManyDatabases) -> None:
    names = many.names
    many.urls["t9"] = NOWHERE
    many.write()
    words = ("--max-failures", "1", "--format", "junit")

    result = many.project.migrate("upgrade", "--all", *ONE_AFTER_THE_OTHER, *words)

    assert result.exit_code == 1, result.output
    assert [many.revision_of(name) for name in names] == ["one", "one"]
    assert result.stderr.count("t9: failed") == 1
    assert SECRET not in result.output


def test_missing_database_is_told_with_its_name_and_not_as_a_setting(many: ManyDatabases) -> None:
    many.columns["database"] = {"t1": "sst_nowhere"}
    many.write()

    result = many.project.migrate("status", "--all", *ONE_AFTER_THE_OTHER, "--json")

    said = result.json["targets"]["t1"]["error"]["message"]
    assert "url of t1: is refused" in said
    assert "DATABASE_URL" not in said


def test_target_of_another_environment_is_refused_alone(many: ManyDatabases) -> None:
    [first, *others] = many.names
    made = many.project.migrate("upgrade", "--target", first, ENV_FOR_DYNACONF="production")
    assert made.exit_code == 0, made.output
    many.project.revision("two")
    words = (*ONE_AFTER_THE_OTHER, "--max-failures", "1", "--json")

    result = many.project.migrate("upgrade", "--all", *words)

    assert result.exit_code == 1, result.output
    assert result.json["targets"][first]["error"]["code"] == "environment_mismatch"
    assert [many.revision_of(name) for name in many.names] == ["one", *("two" for _ in others)]


def test_password_of_a_target_is_seen_by_nobody(
    project: Project, make_database: Callable[[], str]
) -> None:
    project.revision("one", SLEEPS)
    many = ManyDatabases.create(project, make_database, 2)
    user = urlsplit(many.urls["t0"]).username or ""
    # This server asks for none, and takes every one.
    many.urls = {
        name: url.replace(f"{user}@", f"{user}:{SECRET}@", 1) for name, url in many.urls.items()
    }
    many.write()
    running = project.start("upgrade", "--all", "--parallel", "2", "--debug", "--json")
    wait_until(lambda: are_asleep(many, *many.names), "both are at work", 120)

    workers = workers_of(running.pid)
    seen = [
        (Path(f"/proc/{pid}") / file).read_bytes()
        for pid in (running.pid, *workers)
        for file in ("cmdline", "environ")
    ]
    running.signal(signal.SIGTERM)
    result = running.finish()

    assert len(workers) == 2
    assert SECRET.encode() not in b"".join(seen)
    assert SECRET not in result.output
    assert result.exit_code == 143
