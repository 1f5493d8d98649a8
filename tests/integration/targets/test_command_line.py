"""`targets list` and `--target`: one call works on one of many databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from sst.testing.project.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

CANARY = "canary-of-a-target"
ONE = "op.create_table('one', sa.Column('id', sa.Integer))"


def listed(project: Project, text: str, name: str = "targets.toml") -> None:
    """Let *text*, a file of targets, be the list of *project*."""
    (project.root / name).write_text(text, encoding="utf-8")
    project.environment["MIGRATE__TARGETS__FILE"] = name


def tables(url: str) -> list[str]:
    """Return the tables in the schema `public` of the database at *url*."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def acme(project: Project, make_database: Callable[[], str]) -> str:
    """Return the URL of the target acme of *project*, which has one revision."""
    project.revision("one", ONE)
    url = make_database()
    listed(project, f"[acme]\nurl = {json.dumps(url)}\nlabels = {{ region = 'eu' }}\n")
    return url


@pytest.mark.parametrize(
    "words", [("--target", "acme", "upgrade"), ("upgrade", "--target", "acme")]
)
def test_run_goes_to_the_target_and_to_no_other_database(
    project: Project, acme: str, words: tuple[str, ...]
) -> None:
    result = project.migrate(*words)

    assert result.exit_code == 0, result.output
    assert "one" in tables(acme)
    assert tables(project.database_url) == []


@pytest.mark.parametrize("setting", ["DATABASE_URL", "migration_database_url"])
def test_url_on_the_command_line_beside_a_target_is_wrong_usage(
    project: Project, acme: str, setting: str
) -> None:
    url = f"{setting}={project.database_url}"

    result = project.migrate("upgrade", "--target", "acme", "--set", url)

    assert result.exit_code == 2
    assert "name two databases" in result.output
    assert tables(acme) == tables(project.database_url) == []


def test_unknown_target_names_the_near_one(project: Project, acme: str) -> None:
    del acme

    result = project.migrate("status", "--target", "acne")

    assert result.exit_code == 2
    assert "There is no target acne." in result.output
    assert "did you mean acme?" in result.output


@pytest.mark.parametrize("words", [("config", "show"), ("targets", "list")])
def test_command_that_works_on_no_database_refuses_a_target(
    project: Project, acme: str, words: tuple[str, ...]
) -> None:
    del acme

    result = project.migrate(*words, "--target", "acme")

    assert result.exit_code == 2
    assert "takes no --target" in result.output


def test_two_targets_in_one_call_are_wrong_usage(project: Project, acme: str) -> None:
    del acme

    result = project.migrate("--target", "acme", "status", "--target", "other")

    assert result.exit_code == 2
    assert "--target is given twice" in result.output


def test_advice_names_the_target(project: Project, acme: str) -> None:
    del acme

    result = project.migrate("status", "--target", "acme")

    assert "migrate.py --target acme upgrade" in result.output


def test_answer_for_a_target_is_never_kept(project: Project, acme: str) -> None:
    del acme

    for _ in range(4):
        project.migrate("status", "--target", "acme")

    assert not list((project.root / ".cache").rglob("answers/*"))


def test_plugins_command_works_on_the_target_with_its_settings(
    project: Project, acme: str
) -> None:
    project.plugin("tidy", TIDY)
    project.enable("tidy")
    project.environment["MIGRATE__TARGETS__SETTINGS"] = '{"plugins.tidy.shelf": "of {name}"}'

    result = project.migrate("tidy", "--target", "acme", "--json")

    assert result.exit_code == 0, result.output
    answer = result.json["data"]
    assert answer["shelf"] == "of acme"
    assert answer["at"] == urlsplit(acme).path.strip("/")


def test_own_option_of_a_plugins_command_stays_its_own(project: Project, acme: str) -> None:
    del acme
    project.plugin("tidy", TIDY.replace("# option", "@click.option('--target')"))
    project.enable("tidy")

    result = project.migrate("tidy", "--target", "nowhere", "--json")

    assert result.exit_code == 0, result.output
    assert result.json["data"]["at"] == urlsplit(project.database_url).path.strip("/")


def test_list_shows_no_password_and_keeps_to_pattern_and_label(project: Project) -> None:
    listed(
        project,
        f"[acme]\nurl = 'postgresql://o:{CANARY}@db.example/acme'\nlabels = {{ region = 'eu' }}\n"
        f"[other]\nurl_env = 'OTHER'\nlabels = {{ region = 'us' }}\n",
    )
    project.environment["OTHER"] = f"postgresql://o:{CANARY}@db.example/other"

    text = project.migrate("targets", "list")
    chosen = project.migrate("targets", "list", "a*", "--label", "region=eu", "--json")

    assert CANARY not in text.output + chosen.output
    assert [each["name"] for each in chosen.json["targets"]] == ["acme"]
    assert chosen.json["targets"][0]["database"] == "postgresql://o@db.example/acme"


@pytest.mark.parametrize(
    "words", [("upgrade", "--all"), ("status", "--label", "a=b"), ("targets", "list", "a*")]
)
def test_command_on_many_says_where_none_is_listed(
    project: Project, words: tuple[str, ...]
) -> None:
    result = project.migrate(*words)

    assert result.exit_code == 2
    assert "No target is listed." in result.stderr
    assert "[default.migrate.targets]" in result.stderr


def test_empty_list_says_so_beside_its_result(project: Project) -> None:
    text = project.migrate("targets", "list")
    answer = project.migrate("targets", "list", "--json")

    assert (text.exit_code, text.stdout) == (0, "")
    assert text.stderr.splitlines() == [
        "No target is listed.",
        "  next: list databases below [default.migrate.targets] in settings.toml",
    ]
    assert answer.json["targets"] == []
    assert answer.stderr == ""


def test_password_of_a_target_is_in_no_output_and_on_no_record(
    project: Project, acme: str
) -> None:
    (project.root / "secret").write_text(f"{CANARY}\n")
    listed(project, f"[acme]\nurl = {json.dumps(acme)}\npassword_file = 'secret'\n")

    outcomes = [
        project.migrate(*words, "--target", "acme", "--debug")
        for words in (("upgrade",), ("status", "--json"), ("runs", "list"))
    ]

    assert all(CANARY not in outcome.output for outcome in outcomes)


TIDY = """
    import click
    from sst.hooks import CommandResult, hookimpl
    from pydantic import BaseModel

    class Config(BaseModel):
        shelf: str = "none"

    class Plugin:
        def __init__(self, config):
            self.config = config

        @hookimpl
        def register_commands(self):
            @click.command("tidy")
            # option
            @click.pass_obj
            def tidy(context, **given):
                data = {"shelf": self.config.shelf, "at": context.database_url.name}
                return CommandResult("done", data)
            return [tidy]
"""


@pytest.mark.parametrize("place", ["list", "settings", "nested"])
def test_secret_among_the_settings_of_a_target_is_masked(project: Project, place: str) -> None:
    webhook = f"https://hooks.example.org/{CANARY}"
    own = {"plugins.notify.url": webhook}
    tables = {
        "list": [{"name": "acme", "database": "acme", "settings": own}],
        "settings": own,
        "nested": {"plugins": {"notify": {"url": webhook}}},
    }
    key = "list" if place == "list" else "settings"
    project.enable("notify")
    project.settings[f"migrate.targets.{key}"] = tables[place]

    shown = project.migrate("config", "show")
    explained = project.migrate("config", "explain", f"migrate.targets.{key}")

    assert (shown.exit_code, explained.exit_code) == (0, 0), shown.output + explained.output
    assert CANARY not in shown.output + explained.output
    assert "plugins" in shown.stdout


CRM = """
    from sst.hooks import Target, hookimpl

    @hookimpl
    def list_targets(environment):
        return [Target("acme", {url!r})]
"""
IN_PRODUCTION = {"ENVIRONMENT": "production", "DATABASE_URL": ""}


@pytest.mark.parametrize("is_by_plugin", [False, True], ids=["by a file", "by a plugin"])
@pytest.mark.parametrize("words", [("--all",), ("--targets", "a*"), ("--target", "acme")])
def test_target_needs_no_other_database_in_production(
    project: Project, acme: str, words: tuple[str, ...], *, is_by_plugin: bool
) -> None:
    if is_by_plugin:
        del project.environment["MIGRATE__TARGETS__FILE"]
        project.plugin("crm", CRM.format(url=acme))
        project.enable("crm")

    result = project.migrate("upgrade", *words, **IN_PRODUCTION)

    assert result.exit_code == 0, result.output
    assert tables(acme) == ["alembic_version", "one"]


def test_command_without_a_target_needs_a_database_in_production(
    project: Project, acme: str
) -> None:
    result = project.migrate("upgrade", **IN_PRODUCTION)

    assert result.exit_code == 2
    assert "DATABASE_URL: is not set" in result.stderr
    assert "--target" in result.stderr
    assert tables(acme) == []


def test_project_without_targets_needs_a_database_in_production(project: Project) -> None:
    result = project.migrate("config", "check", **IN_PRODUCTION)

    assert result.exit_code == 2
    assert "DATABASE_URL: is required in production" in result.output
