"""Protection is declared by an environment's own section, whatever the environment is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.config import PluginValue

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

_NAMES = ["live", "prod", "staging", "production", "development", "demo-eu"]


@pytest.mark.parametrize("name", _NAMES)
def test_every_environment_is_protected_unless_it_says_otherwise(site: Site, name: str) -> None:
    site.settings(f"""
        [default]
        [{name}]
        DEBUG = true
        SQL_ECHO = true
        DATABASE_URL = "embedded"
    """)
    site.environ["ENVIRONMENT"] = name

    problems = {problem.subject: problem.what for problem in site.problems()}

    assert problems == {
        "DEBUG": f"must be off in {name}",
        "SQL_ECHO": f"must be off in {name}",
        "DATABASE_URL": "the embedded database is for development only",
    }


@pytest.mark.parametrize("name", _NAMES)
def test_an_environment_that_declares_it_is_not_protected(site: Site, name: str) -> None:
    site.settings(f"""
        [default]
        [{name}]
        protected = false
        DEBUG = true
        DATABASE_URL = "embedded"
    """)
    site.environ["ENVIRONMENT"] = name

    found = site.load()

    assert found.settings.debug
    assert not found.settings.protected
    assert not site.open().is_protected
    assert site.sources_of()["PROTECTED"] == f"settings.toml:3 [{name}]"


def test_a_placeholder_is_refused_under_every_name(site: Site) -> None:
    site.settings("[default]\n[live]\n")
    site.write(
        ".secrets.toml.example", '[default]\nDATABASE_URL = "postgresql://a:change-me@h/d"\n'
    )
    site.environ |= {"ENVIRONMENT": "live", "DATABASE_URL": "postgresql://app:change-me@db/sst"}

    (problem,) = site.problems()

    assert problem.what == "is still the placeholder of .secrets.toml.example"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("settings.toml", "[default]\nprotected = false\n[live]\n"),
        ("settings.toml", "[default]\n[live]\nProtected = 'false'\n"),
        (".secrets.toml", "[live]\nprotected = false\n"),
        (".secrets.toml", "[default]\nPROTECTED = false\n"),
    ],
)
def test_protection_is_declared_in_one_place(site: Site, file: str, text: str) -> None:
    site.settings("[default]\n[live]\n")
    site.write(file, text).chmod(0o600)
    site.environ |= {"ENVIRONMENT": "live", "DATABASE_URL": "postgresql://app@db/sst"}

    (problem,) = site.problems()

    assert problem.subject.lower() == "protected"
    assert problem.source.startswith(file)


@pytest.mark.parametrize("source", ["environment", "dotenv", "--set", "plugin"])
def test_no_other_source_takes_protection_away(site: Site, source: str) -> None:
    if source == "environment":
        site.environ["PROTECTED"] = "false"
    elif source == "dotenv":
        site.write(".env", "PROTECTED=false\n")
    elif source == "--set":
        site.overrides.append("protected=false")
    else:
        site.values.append(PluginValue("PROTECTED", "false", "vault"))

    (problem,) = site.problems()

    assert problem.subject == "PROTECTED"
    assert "PROTECTED" not in site.open().wanted()


def test_no_file_that_a_variable_names_takes_protection_away(site: Site) -> None:
    site.settings("[default]\n[live]\n")
    site.environ |= {"ENVIRONMENT": "live", "DATABASE_URL": "postgresql://app@db/sst"}
    site.environ["PROTECTED_FILE"] = str(site.write("answer", "false"))

    assert site.load().settings.protected
