"""A whole table in one value is refused in every source, with the variable to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field

from sst.config import PluginValue

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Limits(BaseModel):
    """A table inside a plugin's settings."""

    soft: int = 1
    hard: int = 2


class Backup(BaseModel):
    """The settings of a plugin."""

    directory: str = ""
    limits: Limits = Limits()
    upload_options: dict[str, str] = Field(default_factory=dict)


@pytest.fixture
def backup(site: Site) -> Site:
    """Return a project with the plugin `backup`."""
    site.settings('[default.plugins]\nenabled = ["backup"]\n[development]\n')
    site.sections["backup"] = Backup
    return site


_TABLES = [
    ("MIGRATE", "{lock_wait=3}", "MIGRATE__LOCK_WAIT"),
    ("MIGRATE", '{"lock_wait": 3}', "MIGRATE__LOCK_WAIT"),
    ("PLUGINS", '{"enabled": []}', "PLUGINS__ENABLED"),
    ("PLUGINS__BACKUP", '{directory = "x"}', "PLUGINS__BACKUP__DIRECTORY"),
    ("PLUGINS__BACKUP__LIMITS", '{"hard": 3}', "PLUGINS__BACKUP__LIMITS__HARD"),
]


@pytest.mark.parametrize("source", ["environment", "dotenv", "set", "plugin"])
@pytest.mark.parametrize(("name", "text", "meant"), _TABLES)
def test_whole_table_is_refused_alike_in_every_source(
    backup: Site, source: str, name: str, text: str, meant: str
) -> None:
    if source == "environment":
        backup.environ[name] = text
    elif source == "dotenv":
        backup.write(".env", f"{name}='{text}'\n")
    elif source == "set":
        backup.overrides.append(f"{name}={text}")
    else:
        backup.values.append(PluginValue(name, text, "vault"))

    (problem,) = backup.problems()

    assert problem.subject == name
    assert problem.what == "is a table and takes no value of its own"
    assert problem.hint == f"set one of its keys, such as {meant}"


@pytest.mark.parametrize(("name", "text", "meant"), _TABLES)
def test_whole_table_in_a_file_of_its_own_is_refused(
    backup: Site, name: str, text: str, meant: str
) -> None:
    backup.write("table", text)
    backup.environ[f"{name}_FILE"] = "table"

    (problem,) = backup.problems()

    assert problem.what == "is a table and takes no value of its own"
    assert meant.startswith(name)


def test_file_of_another_program_is_no_table_of_ours(backup: Site) -> None:
    backup.write("their.json", '{"steps": 3}')
    backup.environ |= {"MIGRATE_FILE": "their.json", "MIGRATE": "hello", "PLUGINS_FILE": "/none"}

    assert backup.load().warnings == ()


def test_setting_that_is_a_table_takes_json(backup: Site) -> None:
    backup.environ["PLUGINS__BACKUP__UPLOAD_OPTIONS"] = '{"key": "x"}'

    found = backup.load().plugin_settings["backup"]

    assert found == Backup(upload_options={"key": "x"})


def test_setting_that_is_a_table_says_that_it_takes_json(backup: Site) -> None:
    backup.environ["PLUGINS__BACKUP__UPLOAD_OPTIONS"] = '{key="x"}'

    (problem,) = backup.problems()

    assert problem.what == 'is not a table; write {"key": "value"}'


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MIGRATE__dynaconf_merge", "a table is merged key by key anyway: take the variable away"),
        (
            "PLUGINS__ENABLED__dynaconf_merge",
            """write PLUGINS__ENABLED='["dynaconf_merge", "x"]'""",
        ),
        ("PLUGINS__ENABLED__MERGE", """write PLUGINS__ENABLED='["dynaconf_merge", "x"]'"""),
        ("PLUGINS__ENABLED___0", """write the whole list: PLUGINS__ENABLED='["x", "y"]'"""),
    ],
)
def test_merge_in_the_name_of_a_variable_is_answered(backup: Site, name: str, hint: str) -> None:
    backup.environ[name] = "true"

    (problem,) = backup.problems()

    assert (problem.subject, problem.hint) == (name, hint)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("dynaconf_merge = true", "a table is merged key by key anyway: remove the line"),
        ("lock_wait__merge = 3", "a table is merged key by key anyway: remove the line"),
        ("dynaconf_include = []", "no other file is read"),
    ],
)
def test_merge_as_a_key_of_a_file_is_answered(site: Site, line: str, hint: str) -> None:
    site.settings(f"[default]\n[development.migrate]\n{line}\n")

    problem = site.problems()[0]

    assert problem.source == "settings.toml:3 [development]"
    assert hint in problem.hint
