"""`config show`, `explain`, `diff` and `check`: what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field, SecretStr

from sst.cli import config as command
from sst.config.show.checking import Project, check, every_environment
from sst.config.show.views import diff, explain, show
from sst.errors import ConfigError, UsageError
from sst.redaction.redact import MASK

if TYPE_CHECKING:
    from pathlib import Path

    from sst.config import Configuration, Sources
    from tests.unit.config.conftest import Site

_SETTINGS = """
    [default]
    LOG_LEVEL = "ERROR"
    [default.migrate]
    lock_wait = 10
    [development]
    DATABASE_URL = "embedded"
    LOG_LEVEL = "DEBUG"
    protected = false
    [production]
    DB_POOL_SIZE = 20
"""


class Backup(BaseModel):
    """The settings of a plugin."""

    directory: str = Field("backups", description="Folder of the backups.")


def project(site: Site, **environ: str) -> Project:
    """Return *site* as the commands see it."""

    def connect(sources: Sources) -> Configuration:
        return sources.bind(site.sections)

    return Project(site.root, connect, connect, environ=environ)


def test_show_lists_every_setting_with_its_source(site: Site) -> None:
    site.settings(_SETTINGS)
    site.secrets('[default]\nOPERATIONS_TOKEN = "t"\n')
    site.environ["DB_MAX_OVERFLOW"] = "3"

    shown = {one.name: (one.value, one.source) for one in show(site.load()).settings}

    assert shown["LOG_LEVEL"] == ("DEBUG", "settings.toml:7 [development]")
    assert shown["DATABASE_URL"] == ("embedded", "settings.toml:6 [development]")
    assert shown["OPERATIONS_TOKEN"] == (MASK, ".secrets.toml:2 [default]")
    assert shown["DB_MAX_OVERFLOW"] == (3, "environment DB_MAX_OVERFLOW")
    assert shown["DB_POOL_SIZE"] == (5, "default")
    assert shown["REDIS_URL"] == (None, "default")


def test_show_prints_sources_when_asked(site: Site) -> None:
    site.settings(_SETTINGS)
    shown = show(site.load())

    plain = command.render_show(shown)
    with_sources = command.render_show(shown, with_sources=True)

    assert "LOG_LEVEL\tDEBUG\n" in plain
    assert "LOG_LEVEL\tDEBUG\tsettings.toml:7 [development]\n" in with_sources
    assert "REDIS_URL\tunset\tdefault" in with_sources


def test_url_is_shown_without_its_password(site: Site) -> None:
    site.environ["DATABASE_URL"] = "postgres://app:pw@db:5432/sst?sslmode=require"

    shown = {one.name: one.value for one in show(site.load()).settings}

    assert shown["DATABASE_URL"] == "postgres://app@db:5432/sst"


def test_mask_says_nothing_about_the_length(site: Site) -> None:
    site.environ["OPERATIONS_TOKEN"] = "x" * 50

    assert explain(site.load(), "OPERATIONS_TOKEN").value == MASK


@pytest.mark.parametrize("name", ["LOG_LEVEL", "log_level", " Log_Level "])
def test_explain_tells_every_source_the_winner_first(site: Site, name: str) -> None:
    site.settings(_SETTINGS)
    site.overrides.append("LOG_LEVEL=INFO")

    found = explain(site.load(), name)

    assert found.value == "INFO"
    assert [(voice.value, voice.source) for voice in found.voices] == [
        ("INFO", "--set LOG_LEVEL"),
        ("DEBUG", "settings.toml:7 [development]"),
        ("ERROR", "settings.toml:2 [default]"),
    ]
    assert command.render_explain(found).count("overruled") == 2


def test_explain_masks_overruled_secrets(site: Site) -> None:
    site.secrets('[default]\nOPERATIONS_TOKEN = "first-canary"\n')
    site.environ["OPERATIONS_TOKEN"] = "second-canary"

    found = explain(site.load(), "OPERATIONS_TOKEN")

    assert [voice.value for voice in found.voices] == [MASK, MASK]


def test_explain_knows_the_settings_of_plugins(site: Site) -> None:
    site.settings('[development.plugins]\nenabled = ["backup"]\n')
    site.sections["backup"] = Backup

    found = explain(site.load(), "plugins.backup.directory")

    assert (found.name, found.plugin) == ("PLUGINS__BACKUP__DIRECTORY", "backup")
    assert (found.type, found.default, found.voices) == ("text", "backups", ())
    assert found.description == "Folder of the backups."


def test_explain_of_an_unknown_name_suggests_one(site: Site) -> None:
    with pytest.raises(UsageError) as caught:
        explain(site.load(), "LOG_LEVLE")

    assert caught.value.next_step == "did you mean 'LOG_LEVEL'?"


def test_diff_compares_what_the_files_say(site: Site) -> None:
    site.settings(_SETTINGS)

    found = diff(project(site, LOG_LEVEL="INFO"), "development", "Production")

    assert (found.left, found.right) == ("development", "production")
    assert {one.name: (one.left, one.right) for one in found.differences} == {
        "DATABASE_URL": ("embedded", None),
        "LOG_LEVEL": ("DEBUG", "ERROR"),
        "DB_POOL_SIZE": (5, 20),
        "PROTECTED": (False, True),
    }


def test_diff_shows_what_stands_beside_a_secret_that_is_missing(site: Site) -> None:
    class Mailer(BaseModel):
        host: str = "localhost"
        password: SecretStr

    site.settings(
        '[default.plugins]\nenabled = ["mailer"]\n[development]\n[development.plugins.mailer]\n'
        'host = "here"\npassword = "known-here"\n[production]\n[production.plugins.mailer]\n'
        'host = "there"\n'
    )
    site.sections["mailer"] = Mailer

    found = diff(project(site), "development", "production")

    assert {one.name: (one.left, one.right) for one in found.differences} == {
        "PLUGINS__MAILER__HOST": ("here", "there"),
        "PLUGINS__MAILER__PASSWORD": ("********", None),
    }


def test_diff_of_equal_environments_says_so(site: Site) -> None:
    site.settings("[default]\n[development]\n[production]\n")

    found = diff(project(site), "development", "production")

    assert command.render_diff(found) == "development and production have the same settings"


def test_diff_of_an_unknown_environment_is_a_problem(site: Site) -> None:
    with pytest.raises(ConfigError, match="prodution"):
        diff(project(site), "development", "prodution")


def test_check_is_about_this_process(site: Site) -> None:
    found = check(project(site, DEBUG="maybe"))

    assert [one.environment for one in found.environments] == ["development"]
    assert [problem.subject for problem in found.problems] == ["DEBUG"]
    assert found.exit_code == 2


def test_check_of_another_environment_leaves_out_the_variables(site: Site) -> None:
    """They belong to development: a debugging shell does not break production."""
    found = check(
        project(site, DEBUG="true", SQL_ECHO="maybe"), names=["production"], assume_secrets=True
    )

    assert found.exit_code == 0


def test_check_of_all_fails_without_secrets_and_passes_with_them_assumed(site: Site) -> None:
    site.settings(_SETTINGS)
    names = every_environment(site.root)

    strict = check(project(site), names=names)
    assumed = check(project(site), names=names, assume_secrets=True)

    assert names == ("development", "production")
    assert [problem.subject for problem in strict.problems] == ["DATABASE_URL"]
    assert assumed.exit_code == 0


def test_check_of_all_fails_when_production_is_broken(site: Site) -> None:
    site.settings("[development]\n[production]\nSQL_ECHO = true\nDEBUGG = 1\n")

    found = check(project(site), names=every_environment(site.root), assume_secrets=True)

    assert [len(one.problems) for one in found.environments] == [0, 2]
    assert command.render_check(found).startswith("development: ok\nproduction: 2 problems\n  ")


def test_check_with_disagreeing_variables_is_a_problem(site: Site) -> None:
    found = check(project(site, ENV_FOR_DYNACONF="production", ENVIRONMENT="development"))

    assert found.exit_code == 2


def test_environments_of_a_missing_file_are_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        every_environment(tmp_path)
