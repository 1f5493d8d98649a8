"""A project folder with settings, for every test of this room."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from sst.config import Configuration, PluginValue, Sources, open_sources
from sst.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from sst.errors import Problem

_SETTINGS = """
    [default]

    [development]
    protected = false

    [production]
"""


@dataclass
class Site:
    """A project folder, the variables of a process in it, and what its plugins bring."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    overrides: list[str] = field(default_factory=list)
    sections: dict[str, type[BaseModel]] = field(default_factory=dict)
    application: type[BaseModel] | None = None
    values: list[PluginValue] = field(default_factory=list)

    def write(self, name: str, text: str) -> Path:
        """Write the file *name*, its indentation removed."""
        path = self.root / name
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def settings(self, text: str) -> Path:
        """Write settings.toml."""
        return self.write("settings.toml", text)

    def secrets(self, text: str) -> Path:
        """Write .secrets.toml, readable by its owner only."""
        path = self.write(".secrets.toml", text)
        path.chmod(0o600)
        return path

    def open(self, **options: Any) -> Sources:
        """Return the sources as the process would open them."""
        return open_sources(
            self.root, environ=dict(self.environ), overrides=tuple(self.overrides), **options
        )

    def load(self, *, known: Sequence[str] = (), **options: Any) -> Configuration:
        """Return the configuration with the sections and values of this site's plugins."""
        return self.open(**options).bind(
            self.sections, self.values, application=self.application, known_plugins=known
        )

    def problems(self, *, known: Sequence[str] = (), **options: Any) -> tuple[Problem, ...]:
        """Return the problems that loading reports; it must report some."""
        with pytest.raises(ConfigError) as caught:
            self.load(known=known, **options)
        assert caught.value.exit_code == 2
        return caught.value.problems

    def sources_of(self, **options: Any) -> Mapping[str, str]:
        """Return where each setting's value comes from."""
        return {entry.setting.name: entry.source for entry in self.load(**options).entries}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a project with empty sections for development and production."""
    found = Site(tmp_path)
    found.settings(_SETTINGS)
    return found


@pytest.fixture
def production(site: Site) -> Site:
    """Return a project that runs in production, with a database."""
    site.environ |= {
        "ENVIRONMENT": "production",
        "DATABASE_URL": "postgresql://app:right-password@db:5432/sst",
    }
    return site
