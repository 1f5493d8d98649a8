"""A file that Dynaconf would have read, and that is not read here, is a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("settings.yaml", "settings.toml"),
        ("settings.yml", "settings.toml"),
        ("settings.json", "settings.toml"),
        ("settings.ini", "settings.toml"),
        ("settings.py", "settings.toml"),
        (".secrets.yaml", ".secrets.toml"),
        (".secrets.json", ".secrets.toml"),
        (".secrets.py", ".secrets.toml"),
        (".secrets.local.toml", ".secrets.toml"),
        ("settings.local.yaml", "settings.local.toml"),
        ("settings.production.toml", "[production] of settings.toml"),
        ("settings.staging.yaml", "[staging] of settings.toml"),
        (".secrets.production.toml", "[production] of .secrets.toml"),
    ],
)
def test_file_that_dynaconf_would_read_says_where_its_content_belongs(
    site: Site, name: str, home: str
) -> None:
    site.write(name, "OPERATIONS_TOKEN = 'canary-value'\n")

    assert site.load().warnings == (f"{name} is not read; write it in {home}",)


def test_files_in_the_folder_config_are_named_too(site: Site) -> None:
    """Dynaconf looks there as well."""
    (site.root / "config").mkdir()
    site.write("config/settings.toml", "")
    site.write("config/other.toml", "")

    assert site.load().warnings == ("config/settings.toml is not read; write it in settings.toml",)


def test_hooks_of_dynaconf_are_not_run_and_named(site: Site) -> None:
    site.write("dynaconf_hooks.py", "raise SystemExit\n")

    (warning,) = site.load().warnings

    assert warning.startswith("dynaconf_hooks.py is not run")


@pytest.mark.parametrize(
    "text",
    [
        "INSTALLED_APPS = []\n",
        "from django.utils import x\n",
        "from pydantic_settings import BaseSettings\n",
        "class Settings:\n    pass\n",
    ],
)
def test_settings_module_of_another_program_is_no_file_of_ours(site: Site, text: str) -> None:
    site.write("settings.py", text)

    assert site.load().warnings == ()


@pytest.mark.parametrize(
    "name",
    [
        "settings.schema.json",
        ".secrets.toml.example",
        "settings.toml.bak",
        "config.toml",
        "pyproject.toml",
        "my_settings.yaml",
        "settings.example.toml",
        "settings.local.toml",
    ],
)
def test_other_files_are_passed_over(site: Site, name: str) -> None:
    site.write(name, "")

    assert site.load().warnings == ()


def test_local_files_outside_development_are_named(production: Site) -> None:
    production.write("settings.local.toml", "")
    production.write(".env", "LOG_LEVEL=canary-value\nPOSTGRES_PASSWORD=canary-value\n")

    assert production.load().warnings == (
        "settings.local.toml is not read: it is for development, and this is production",
        ".env is not read (it names LOG_LEVEL): it is for development, and this is production",
    )


def test_dotenv_of_compose_is_passed_over(production: Site) -> None:
    production.write(".env", "POSTGRES_PASSWORD=x\nSST_ENVIRONMENT=production\n")

    assert production.load().warnings == ()


def test_local_files_are_meant_for_this_environment_when_another_is_checked(site: Site) -> None:
    site.settings('[default]\n[production]\nDATABASE_URL = "postgresql://app@db/sst"\n')
    site.write("settings.local.toml", "")
    site.environ["DATABASE_URL"] = "postgresql://app@db/sst"

    assert site.load(environment="production").warnings == ()
