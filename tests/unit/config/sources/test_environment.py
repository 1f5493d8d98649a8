"""Which environment is in force, and which variables are refused."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from sst.errors import ConfigError

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

_TWO_LOGS = """
    [default]
    LOG_LEVEL = "ERROR"

    [development]
    LOG_LEVEL = "DEBUG"

    [production]
    LOG_LEVEL = "WARNING"
    DATABASE_URL = "postgresql://app@db/sst"
"""
_LEVELS = {"development": "DEBUG", "production": "WARNING"}


@pytest.fixture
def two(site: Site) -> Site:
    """Return a project whose environments can be told apart."""
    site.settings(_TWO_LOGS)
    return site


def test_development_is_in_force_when_nothing_is_said(two: Site) -> None:
    configuration = two.load()

    assert configuration.environment == "development"
    assert configuration.settings.log_level == "DEBUG"


@pytest.mark.parametrize("name", ["ENV_FOR_DYNACONF", "ENVIRONMENT"])
def test_both_variables_name_the_environment(two: Site, name: str) -> None:
    two.environ[name] = "production"

    settings = two.load().settings

    assert (settings.environment, settings.log_level) == ("production", "WARNING")


@pytest.mark.parametrize(
    ("first", "second"), list(product(["", "development", "production"], repeat=2))
)
def test_environment_shown_is_environment_loaded(two: Site, first: str, second: str) -> None:
    """An env_switcher says one name and holds the values of another for some of these pairs."""
    two.environ |= {"ENV_FOR_DYNACONF": first, "ENVIRONMENT": second}

    if first and second and first != second:
        problems = two.problems()
        assert "ENV_FOR_DYNACONF" in str(problems[0])
        assert "ENVIRONMENT" in str(problems[0])
        return
    settings = two.load().settings

    assert settings.environment == (first or second or "development")
    assert settings.log_level == _LEVELS[settings.environment]


@pytest.mark.parametrize("name", ["PRODUCTION", " production", "Production\n", "production "])
def test_case_and_space_do_not_matter(two: Site, name: str) -> None:
    two.environ["ENV_FOR_DYNACONF"] = name

    settings = two.load().settings

    assert (settings.environment, settings.log_level) == ("production", "WARNING")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prodution", "'production'"),
        ("producton", "'production'"),
        ("dev", "'development'"),
        ("prod", "'production'"),
        ("1", "[1]"),
        ("true", "[true]"),
        ('["production"]', "production"),
        ("production,typo", "production"),
        ("default", "known: development, production"),
        ("global", "known: development, production"),
    ],
)
@pytest.mark.parametrize("variable", ["ENV_FOR_DYNACONF", "ENVIRONMENT"])
def test_unknown_environment_is_refused(two: Site, variable: str, name: str, hint: str) -> None:
    """Dynaconf would go on with the defaults, or die of an AttributeError."""
    two.environ[variable] = name

    (problem,) = two.problems()

    assert problem.subject == "ENVIRONMENT"
    assert problem.source == variable
    assert hint in str(problem)
    assert "AttributeError" not in str(problem)


@pytest.mark.parametrize("name", ["default", "global", "migrate", "plugins"])
def test_section_that_would_be_refused_is_not_suggested(two: Site, name: str) -> None:
    two.environ["ENVIRONMENT"] = name

    (problem,) = two.problems()

    assert "add a section" not in problem.hint


def test_environment_needs_a_section(site: Site) -> None:
    site.settings("[default]\n[development]\n[staging]\n")
    site.environ["ENVIRONMENT"] = "production"

    (problem,) = site.problems()

    assert "known: development, staging" in problem.what


def test_any_section_makes_an_environment(site: Site) -> None:
    site.settings('[default]\n[staging]\nDATABASE_URL = "postgresql://app@db/sst"\n')
    site.environ["ENVIRONMENT"] = "staging"

    assert site.load().environment == "staging"


def test_only_development_may_have_no_database(site: Site) -> None:
    site.settings('[default]\nDATABASE_URL = ""\n[staging]\nprotected = false\n')
    site.environ["ENVIRONMENT"] = "staging"

    (problem,) = site.problems()

    assert problem.subject == "DATABASE_URL"


@pytest.mark.parametrize(
    "name",
    [
        "SETTINGS_FILE_FOR_DYNACONF",
        "SETTINGS_FILES_FOR_DYNACONF",
        "PRELOAD_FOR_DYNACONF",
        "INCLUDES_FOR_DYNACONF",
        "SECRETS_FOR_DYNACONF",
        "LOADERS_FOR_DYNACONF",
        "ENVIRONMENTS_FOR_DYNACONF",
        "FORCE_ENV_FOR_DYNACONF",
        "CORE_LOADERS_FOR_DYNACONF",
        "MERGE_ENABLED_FOR_DYNACONF",
        "IGNORE_UNKNOWN_ENVVARS_FOR_DYNACONF",
        "REDIS_ENABLED_FOR_DYNACONF",
        "AUTO_CAST_FOR_DYNACONF",
        "settings_file_for_dynaconf",
    ],
)
def test_control_variables_of_dynaconf_are_refused(two: Site, name: str) -> None:
    """They beat every constructor argument, and some of them execute the file they name."""
    two.environ[name] = "evil.py"

    (problem,) = two.problems()

    assert problem.subject == name
    assert problem.hint == "unset it"


def test_control_variable_of_the_process_is_refused_too(
    two: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dynaconf reads `os.environ` itself, whatever it is handed."""
    monkeypatch.setenv("PRELOAD_FOR_DYNACONF", "evil.py")

    with pytest.raises(ConfigError) as caught:
        two.open()

    assert caught.value.problems[0].subject == "PRELOAD_FOR_DYNACONF"


def test_switch_of_the_process_does_not_beat_the_given_one(
    two: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV_FOR_DYNACONF", "development")
    two.environ["ENV_FOR_DYNACONF"] = "production"

    settings = two.load().settings

    assert (settings.environment, settings.log_level) == ("production", "WARNING")


def test_environment_can_be_asked_for(two: Site) -> None:
    settings = two.load(environment="Production").settings

    assert (settings.environment, settings.log_level) == ("production", "WARNING")
