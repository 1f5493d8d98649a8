"""A fresh project for every test of the plugin room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.plugin_project import PluginProject

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> PluginProject:
    """Return a project without plugins."""
    return PluginProject(tmp_path / "project")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of installed distributions, the first one on the path."""
    folder = tmp_path / "site"
    monkeypatch.syspath_prepend(str(folder))
    return folder
