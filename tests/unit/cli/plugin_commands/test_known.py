"""The commands of enabled plugins, known from settings, texts and metadata."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from sst.cli.plugin_commands.known import commands_of_enabled, enabled_plugins

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = """
[default.plugins]
enabled = ["one", "two"]

[production.plugins]
enabled = ["three"]

[staging.plugins]
enabled = ["dynaconf_merge", "four"]

[default.plugins.again]
use = "one"

[quiet.plugins.two]
enabled = false
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project with settings, in an environment that says nothing."""
    for name in ("ENV_FOR_DYNACONF", "ENVIRONMENT", "PLUGINS__ENABLED"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "settings.toml").write_text(SETTINGS)
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ("development", ["one", "two"]),
        ("production", ["three"]),
        ("staging", ["one", "two", "four"]),
        ("quiet", ["one"]),
    ],
)
def test_list_is_that_of_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, environment: str, names: list[str]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)

    assert list(enabled_plugins(folder)) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('["five"]', ["five"]),
        ("['five']", ["five"]),
        ('["dynaconf_merge", "five"]', ["one", "two", "five"]),
        ('["dynaconf_merge_unique", "two"]', ["one", "two"]),
        ("[]", []),
        ("five", ["one", "two"]),
        ("", ["one", "two"]),
    ],
)
def test_variable_wins(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, names: list[str]
) -> None:
    monkeypatch.setenv("PLUGINS__ENABLED", text)

    assert list(enabled_plugins(folder)) == names


def test_files_of_development_count_in_development_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "settings.local.toml").write_text('[default.plugins]\nenabled = ["local"]\n')
    local = list(enabled_plugins(folder))
    (folder / ".env").write_text("export PLUGINS__ENABLED='[\"dotenv\"]'\n")
    dotenv = list(enabled_plugins(folder))
    monkeypatch.setenv("ENVIRONMENT", "production")

    assert (local, dotenv) == (["local"], ["dotenv"])
    assert list(enabled_plugins(folder)) == ["three"]


def test_instance_has_the_commands_of_the_plugin_that_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "one.py").write_text(
        "COMMANDS = ('tidy',)\ndef register_commands(): ..."
    )
    monkeypatch.setenv("PLUGINS__ENABLED", '["again"]')

    assert commands_of_enabled(folder) == {"again": ("tidy",)}


def test_project_without_settings_has_no_plugins(tmp_path: Path) -> None:
    assert commands_of_enabled(tmp_path) == {}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the metadata of an installed package whose plugins cannot be imported."""
    site = tmp_path / "site"
    metadata = site / "acme-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (site / "acme_five.py").write_text(
        "raise SystemExit\nimport click\n@click.command('tidy')\ndef x(): ...\n"
        "def register_commands(): ...\n"
    )
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    monkeypatch.setenv("PLUGINS__ENABLED", '["five"]')
    yield metadata / "entry_points.txt"
    assert "acme_five" not in sys.modules


def test_package_is_read_like_a_file(folder: Path, package: Path) -> None:
    package.write_text("[sst.plugins]\nfive = acme_five\n")

    assert commands_of_enabled(folder) == {"five": ("tidy",)}


def test_metadata_of_a_package_names_the_commands_of_each_of_its_plugins(
    folder: Path, package: Path
) -> None:
    """Names that only running the plugin would show are known so, of an editable install too."""
    package.write_text(
        "[sst.plugins]\nfive = acme_five\nsix = acme_six\n"
        "[sst.commands]\nbrush = five\nsweep = acme_five\nother = six\n"
    )

    assert commands_of_enabled(folder) == {"five": ("brush", "sweep")}
