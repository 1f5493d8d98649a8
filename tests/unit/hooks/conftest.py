"""A fresh project for every test of the plugin room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.hooks.finding import sources
from tests.support.plugin_project import PluginProject, let_go

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginProject]:
    """Return a project without plugins, built-in ones neither.

    At the end whatever is `HUNG` goes on.
    """
    monkeypatch.setattr(sources, "built_in_home", lambda: tmp_path / "no-built-in-plugins")
    yield PluginProject(tmp_path / "project")
    let_go()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of installed distributions, the first one on the path."""
    folder = tmp_path / "site"
    monkeypatch.syspath_prepend(str(folder))
    return folder
