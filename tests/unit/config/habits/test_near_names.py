"""A variable that nothing reads and that was meant for us is named, never passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Backup(BaseModel):
    """The settings of a plugin."""

    pg_bin: str = ""


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("DB_POOL_SZE", "DB_POOL_SIZE"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATABASE_ULR", "DATABASE_URL"),
        ("MIGRATE_LOCK_WAIT", "MIGRATE__LOCK_WAIT"),
        ("migrate__lock_wait", "MIGRATE__LOCK_WAIT"),
        ("DYNACONF_LOG_LEVEL", "LOG_LEVEL"),
        ("DYNACONF_MIGRATE__LOCK_WAIT", "MIGRATE__LOCK_WAIT"),
        ("debug", "DEBUG"),
        ("database_url", "DATABASE_URL"),
        ("Database_Url_File", "DATABASE_URL_FILE"),
        ("PLUGINS_ENABLED", "PLUGINS__ENABLED"),
    ],
)
def test_a_near_name_is_a_warning_that_names_what_was_meant(
    site: Site, variable: str, meant: str
) -> None:
    site.environ[variable] = "canary-value"

    assert site.load().warnings == (f"environment {variable} is not read; did you mean {meant}?",)


@pytest.mark.parametrize(
    "variable",
    [
        "TEST_DATABASE_URL",
        "LOG_DIRECTORY",
        "DEBUGGER",
        "MIGRATE",
        "HOME",
        "PGPOOL_SIZE",
        "REDIS",
        "BLOG_LEVEL",
    ],
)
def test_names_of_other_programs_are_theirs(site: Site, variable: str) -> None:
    site.environ[variable] = "1"

    assert site.load().warnings == ()


def test_a_name_beside_the_right_one_is_no_slip(site: Site) -> None:
    """A shell that has both, the older one for another program, says nothing of it."""
    site.environ |= {"database_url": "postgresql://a@b/c", "DATABASE_URL": "postgresql://a@b/d"}

    assert site.load().warnings == ()


@pytest.mark.parametrize("variable", ["MIGRATE", "PLUGINS", "PLUGINS__BACKUP"])
def test_a_table_in_a_variable_is_refused_for_every_table(site: Site, variable: str) -> None:
    site.settings('[default]\n[default.plugins]\nenabled = ["backup"]\n[development]\n')
    site.sections["backup"] = Backup
    site.environ[variable] = "{lock_wait=3}"

    (problem,) = site.problems()

    assert problem.what == "is a table and takes no value of its own"
    assert problem.source == f"environment {variable}"


def test_a_variable_of_a_plugin_that_is_not_here_is_a_warning_without_its_value(
    site: Site,
) -> None:
    """One environment file serves several containers."""
    site.environ |= {"PLUGINS__BACKUP__PG_BIN": "canary-value", "PLUGINS__S3__KEY": "canary-value"}

    found = site.load(known=("backup",)).warnings

    assert found == (
        "environment PLUGINS__BACKUP__PG_BIN is not read: the plugin 'backup' is not enabled here",
        "environment PLUGINS__S3__KEY is not read: the plugin 's3' is not enabled here",
    )


def test_a_misspelt_plugin_in_a_variable_stays_an_error(site: Site) -> None:
    site.settings('[default]\n[default.plugins]\nenabled = ["backup"]\n[development]\n')
    site.environ["PLUGINS__BACKP__PG_BIN"] = "/usr/bin"

    (problem,) = site.problems(known=("backup",))

    assert problem.hint == "did you mean 'backup'?"


class Keys(BaseModel):
    """The settings of a plugin; one of them is a file's name."""

    key_file: str = ""


def test_a_setting_that_is_called_a_file_is_meant_by_its_near_name(site: Site) -> None:
    site.sections["keys"] = Keys
    site.overrides.append('PLUGINS__ENABLED=["keys"]')
    site.environ["PLUGINS_KEYS_KEY_FILE"] = "x"

    assert site.load().warnings == (
        "environment PLUGINS_KEYS_KEY_FILE is not read; did you mean PLUGINS__KEYS__KEY_FILE?",
    )
