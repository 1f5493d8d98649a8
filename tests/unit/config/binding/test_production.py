"""What is refused in production, wherever it is said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.config import PluginValue

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

_REPOSITORY = Path(__file__).parents[4]


def test_sound_production_has_no_problem(production: Site) -> None:
    configuration = production.load()

    assert configuration.settings.protected
    assert configuration.warnings == ()


def say(site: Site, place: str, name: str) -> None:
    """Switch *name* on in one source."""
    site.write("switch", "true\n")
    files = {
        "default": f"[default]\n{name} = true\n[production]\n",
        "section": f"[production]\n{name} = true\n",
    }
    if place in files:
        site.settings(files[place])
    elif place == "secrets":
        site.secrets(files["section"])
    elif place == "plugin":
        site.values.append(PluginValue(name, "true", "vault"))
    elif place == "--set":
        site.overrides.append(f"{name}=yes")
    else:
        site.environ |= {"environment": {name: "on"}, "file": {f"{name}_FILE": "switch"}}[place]


@pytest.mark.parametrize("name", ["DEBUG", "SQL_ECHO"])
@pytest.mark.parametrize(
    "place", ["default", "section", "secrets", "environment", "file", "plugin", "--set"]
)
def test_switches_for_development_are_refused_from_any_source(
    production: Site, name: str, place: str
) -> None:
    say(production, place, name)

    (problem,) = production.problems()

    assert (problem.subject, problem.what) == (name, "must be off in production")
    assert problem.source


def test_missing_database_is_a_problem(production: Site) -> None:
    del production.environ["DATABASE_URL"]

    (problem,) = production.problems()

    assert problem.subject == "DATABASE_URL"
    assert "DATABASE_URL_FILE" in problem.hint


def test_missing_database_may_be_assumed(production: Site) -> None:
    del production.environ["DATABASE_URL"]

    assert production.load(assume_secrets=True).settings.database_url is None


@pytest.mark.parametrize("place", ["file", "query", "databases", "schemas", "list"])
def test_database_is_not_missing_where_targets_are_listed(production: Site, place: str) -> None:
    del production.environ["DATABASE_URL"]
    said = {"databases": '["a*"]', "schemas": '["a*"]', "list": '[{"name": "a", "url": "x"}]'}
    production.environ[f"MIGRATE__TARGETS__{place.upper()}"] = said.get(place, "x")

    assert production.load().settings.database_url is None


@pytest.mark.parametrize("text", ["embedded", " Embedded ", "EMBEDDED", "embedded://x"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATION_DATABASE_URL"])
def test_embedded_database_is_refused(production: Site, name: str, text: str) -> None:
    production.environ[name] = text

    (problem,) = production.problems()

    assert (problem.subject, problem.source) == (name, f"environment {name}")
    assert "development only" in problem.what


def test_guards_speak_beside_errors_of_type(production: Site) -> None:
    production.environ |= {"SQL_ECHO": "on", "DB_POOL_SIZE": "many", "DATABASE_URL": "embedded"}

    problems = production.problems()

    assert {problem.subject for problem in problems} == {
        "SQL_ECHO",
        "DB_POOL_SIZE",
        "DATABASE_URL",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DATABASE_URL", "postgresql://sst_user:change-me-database@db:5432/sst_platform"),
        ("DATABASE_URL", "postgresql://other:change-me-database@elsewhere/x"),
        ("REDIS_URL", "redis://:change-me-redis@redis:6379/0"),
        ("OPERATIONS_TOKEN", "change-me-operations-token"),
        ("OPERATIONS_TOKEN", " change-me-operations-token "),
        ("DATABASE_URL", "postgresql://other:change%2Dme-database@elsewhere/x"),
        ("DATABASE_URL", "postgresql://elsewhere/x?user=a&password=change-me-database"),
    ],
)
def test_placeholders_of_the_example_are_refused(production: Site, name: str, text: str) -> None:
    shutil.copy(_REPOSITORY / ".secrets.toml.example", production.root)
    production.environ[name] = text

    (problem,) = production.problems()

    assert problem.subject == name
    assert "placeholder" in problem.what
    assert "change-me" not in str(problem)


def test_copied_example_is_refused_whole(production: Site) -> None:
    """Every secret of the example is a placeholder that is known as one."""
    example = _REPOSITORY / ".secrets.toml.example"
    shutil.copy(example, production.root)
    production.secrets(example.read_text().partition("[production.plugins")[0])
    del production.environ["DATABASE_URL"]

    problems = production.problems()

    assert {problem.subject for problem in problems} == {
        "DATABASE_URL",
        "MIGRATION_DATABASE_URL",
        "REDIS_URL",
        "OPERATIONS_TOKEN",
        "MIGRATE__REHEARSAL_URL",
        "MIGRATE__PROBE_URL",
        "MIGRATE__TARGETS__CATALOG_URL",
    }


def test_placeholders_are_allowed_in_development(site: Site) -> None:
    shutil.copy(_REPOSITORY / ".secrets.toml.example", site.root)
    site.environ["OPERATIONS_TOKEN"] = "change-me-operations-token"

    assert site.load().settings.operations_token is not None


def test_secrets_that_anyone_can_read_are_a_warning(production: Site) -> None:
    production.secrets("[production]\n").chmod(0o644)

    (warning,) = production.load().warnings

    assert "chmod 600 .secrets.toml" in warning


def test_nothing_is_opened_or_written(production: Site) -> None:
    production.environ |= {"DATABASE_URL": "sqlite:///test.db", "DEBUG": "on"}
    before = sorted(production.root.rglob("*"))

    production.problems()

    assert sorted(production.root.rglob("*")) == before


def test_value_that_is_refused_is_not_called_missing_too(production: Site) -> None:
    del production.environ["DATABASE_URL"]
    production.settings("[default]\n[production]\nDATABASE_URL = 5\n")

    (problem,) = production.problems()

    assert problem.subject == "DATABASE_URL"
    assert "is required" not in problem.what


@pytest.mark.parametrize(("mode", "is_warned"), [(0o600, False), (0o640, False), (0o604, True)])
def test_only_what_everybody_can_read_is_warned_of(
    production: Site, mode: int, *, is_warned: bool
) -> None:
    """A group may be how a service gets its secrets."""
    production.secrets("[production]\n").chmod(mode)

    assert bool(production.load().warnings) is is_warned


def test_database_is_required_in_an_environment_that_is_not_protected_too(site: Site) -> None:
    site.settings("[default]\n[staging]\nprotected = false\n")
    site.environ["ENVIRONMENT"] = "staging"

    (problem,) = site.problems()

    assert (problem.subject, problem.what) == (
        "DATABASE_URL",
        "is required in staging and has no value",
    )
