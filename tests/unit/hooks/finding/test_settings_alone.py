"""A plugin may consist of settings alone: they are bound, shown and refused like all others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sst.config.declared.plugin_policy import PluginPolicy
from sst.hooks.finding.lockfile import lock_entries, lock_problems, write_lock
from sst.hooks.finding.plugin_list import list_all
from sst.hooks.manager import build, discover
from sst.testing import assert_conforms
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from tests.support.plugin_project import PluginProject

LIMITS = """
from pydantic import BaseModel, Field

class Config(BaseModel):
    rows: int = Field(100, gt=0, description="Rows of one page.")
"""
SETTINGS = """
[default.plugins]
enabled = ["limits"]

[default.plugins.limits]
rows = 7

[development]
protected = false
DATABASE_URL = "postgresql://app@db/app"
"""


@pytest.fixture
def limits(project: PluginProject) -> PluginProject:
    """Return a project whose one plugin has settings and nothing else."""
    project.add("limits", LIMITS)
    (project.root / "settings.toml").write_text(SETTINGS)
    return project


def migrate(project: PluginProject, *words: str) -> tuple[int, Any]:
    """Return exit code and JSON of `migrate.py` in *project*."""
    done = subprocess.run(
        [sys.executable, "-m", "sst", *words, "--json"],
        cwd=project.root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_settings_alone_are_a_plugin_without_hooks(limits: PluginProject) -> None:
    [found] = limits.discover("limits").found
    assert found.config_model is not None

    plugins = build([found], {"limits": found.config_model()})

    assert found.hooks == ()
    assert [entry.name for entry in plugins.entries] == ["limits"]
    assert plugins.collect("register_checks") == ()


def test_settings_alone_are_listed_locked_and_conform(limits: PluginProject) -> None:
    [entry] = list_all(limits.root, ["limits"])
    write_lock(limits.root, lock_entries(limits.root, ["limits"]))

    assert (entry.state, entry.hooks) == ("enabled", ())
    assert [*lock_problems(limits.root, ["limits"])] == []
    assert_conforms("limits", root=limits.root)


def test_settings_alone_may_have_two_instances(limits: PluginProject) -> None:
    policies = {"narrow": PluginPolicy(use="limits")}

    discovery = discover(limits.root, ["limits", "narrow"], policies)

    assert [found.name for found in discovery.found] == ["limits", "narrow"]
    assert build(discovery.found, {}).entries[1].use == "limits"


def test_settings_alone_are_shown(limits: PluginProject) -> None:
    code, shown = migrate(limits, "plugins", "show", "limits")

    [setting] = [one for one in shown["plugin"]["settings"] if one["name"].endswith("ROWS")]
    assert (code, setting["value"]) == (0, 7)


def test_doctor_has_nothing_to_say_about_settings_alone(limits: PluginProject) -> None:
    _, answer = migrate(limits, "plugins", "doctor")

    assert [one for one in answer["findings"] if "limits" in one["subject"]] == []


def test_wrong_settings_alone_are_refused(limits: PluginProject) -> None:
    file = limits.root / "settings.toml"
    file.write_text(SETTINGS.replace("rows = 7", "rows = 0\nrosw = 3"))

    code, answer = migrate(limits, "config", "check")

    told = answer["error"]["message"]
    assert code == 2
    assert "plugins.limits.rows" in told
    assert "plugins.limits.rosw" in told
