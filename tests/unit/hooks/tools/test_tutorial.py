"""What `docs/plugin-authors/writing-a-plugin.md` shows does what the page says.

Its commands are run by `tests/integration/hooks/test_new_plugin.py`.
"""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sst.config import open_sources
from sst.config.declared.plugin_policy import PluginPolicy
from sst.errors import ConfigError
from sst.hooks.manager import HookFailedError, Plugins, build
from tests.support.page import PAGE, python_example
from tests.support.plugin_project import a_run, install

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.plugin_project import PluginProject

FILE = python_example("Refuse to migrate on the days")
COMMAND = python_example("Count the tables")
PACKAGE = python_example("Refuse to migrate on a Friday")
SETTINGS, ENABLED, PYPROJECT, DECISIONS = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
FRIDAY, SUNDAY, MONDAY = (datetime(2026, 11, day, tzinfo=UTC) for day in (20, 22, 23))


def with_freeze(project: PluginProject) -> Plugins:
    """Return the tutorial's file plugin with the tutorial's settings."""
    project.add("freeze", FILE)
    [found] = project.discover("freeze").found
    assert found.config_model is not None
    section = tomllib.loads(SETTINGS)["development"]["plugins"]["freeze"]
    return build([found], {"freeze": found.config_model.model_validate(section)})


@pytest.mark.parametrize("day", [FRIDAY, SUNDAY], ids=["friday", "sunday"])
def test_file_refuses_on_the_days_of_the_settings(project: PluginProject, day: datetime) -> None:
    plugins = with_freeze(project)

    with pytest.raises(HookFailedError) as raised:
        plugins.gate("pre_migrate", run=a_run(started_at=day))

    assert raised.value.veto is not None
    assert raised.value.veto.hint == "wait, or change plugins.freeze.days"


def test_file_lets_other_days_pass(project: PluginProject) -> None:
    assert with_freeze(project).gate("pre_migrate", run=a_run(started_at=MONDAY)) == ()


def test_file_with_a_command_loads(project: PluginProject) -> None:
    """What it does is shown on a database, in `tests/integration/migrator/locked_work/`."""
    project.add("census", COMMAND)

    [command] = project.plugins("census").collect("register_commands")

    assert command.value.name == "census"


def test_settings_name_the_plugins() -> None:
    assert tomllib.loads(SETTINGS)["development"]["plugins"]["enabled"][0] == "freeze"
    assert tomllib.loads(ENABLED)["development"]["plugins"]["enabled"][0] == "hello"


def test_decisions_of_the_operator_are_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(DECISIONS)

    choice = open_sources(tmp_path, environ={}).choice

    assert choice.active == ("backup", "pager")
    assert choice.policies["backup"].required
    assert choice.modules() == ("backup", "slack")
    said = {name for policy in choice.policies.values() for name in policy.model_fields_set}
    assert said == set(PluginPolicy.model_fields)


def test_package_works_as_its_metadata_say(project: PluginProject, site: Path) -> None:
    described = tomllib.loads(PYPROJECT)
    [(name, module)] = described["project"]["entry-points"]["sst.plugins"].items()
    install(site, described["project"]["name"], "1.0", f"{name} = {module}", **{module: PACKAGE})
    plugins = project.plugins("friday")

    with pytest.raises(HookFailedError, match="plugin friday failed in pre_migrate"):
        plugins.gate("pre_migrate", run=a_run(started_at=FRIDAY))


def test_shown_problems_are_the_ones_you_get(project: PluginProject) -> None:
    project.add("freeze", FILE)
    alarm = '"""Ring."""\n\nfrom sst.hooks import hookimpl\n\n\n@hookimpl\ndef notfy(event): ...\n'
    project.add("alarm", alarm)

    error = ConfigError(project.discover("freez", "alarm").problems)

    assert str(error) in PAGE
