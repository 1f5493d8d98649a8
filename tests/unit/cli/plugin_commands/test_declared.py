"""The commands of plugins are named without running a line of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.cli.plugin_commands.declared import declared_commands
from tests.support.project import REPOSITORY, Project

if TYPE_CHECKING:
    from pathlib import Path

HOOK = "\ndef register_commands(): ...\n"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import click\n@click.command('one')\ndef x(): ...", ("one",)),
        ("import click\n@click.group(name='two')\ndef x(): ...", ("two",)),
        ("import click\n@click.command\ndef tidy_up(): ...", ("tidy-up",)),
        ("import click\nx = click.Command('three', callback=print)", ("three",)),
        ("import click\n@click.group()\ndef a(): ...\n@a.command('b')\ndef b(): ...", ("a",)),
        ("import click\n@click.command()\ndef a(): ...\ng.add_command(a)", ()),
        ("COMMANDS = ('said',)\nimport click\n@click.command('made')\ndef x(): ...", ("said",)),
        ("import click\nx = click.Command(f'{name}')", ()),
        ("def broken(", ()),
    ],
)
def test_text_says_the_names(tmp_path: Path, code: str, names: tuple[str, ...]) -> None:
    file = tmp_path / "shelf.py"
    file.write_text(f"{code}{HOOK}")

    assert declared_commands(file) == names


def test_plugin_without_the_hook_has_no_commands(tmp_path: Path) -> None:
    file = tmp_path / "shelf.py"
    file.write_text("COMMANDS = ('x',)")

    assert declared_commands(file) == ()


def test_built_in_backup_declares_what_it_brings() -> None:
    from plugins.backup import Config
    from plugins.backup.commands.commands import commands_of

    brought = tuple(command.name for command in commands_of(Config()))

    assert declared_commands(REPOSITORY / "plugins" / "backup" / "__init__.py") == brought


@pytest.fixture
def shelf(project: Project) -> Project:
    """Return a project with a plugin that is broken, and whose text declares a command."""
    project.plugin("shelf", f"import click\n@click.command('tidy')\ndef x(): ...\n1 / 0{HOOK}")
    project.enable("shelf", "backup")
    return project


def test_help_and_list_name_the_commands_of_enabled_plugins(shelf: Project) -> None:
    helped, listed = shelf.migrate("--help"), shelf.migrate("plugins", "list", "--json")

    section = helped.stdout.partition("Of plugins:")[2]
    assert section.split()[:5] == ["tidy", "of", "the", "plugin", "shelf"]
    assert "  restore " in helped.stdout
    commands = {one["name"]: one["commands"] for one in listed.json["plugins"]}
    assert (commands["shelf"], commands["backup"]) == (["tidy"], ["backup", "restore"])
    assert commands["notify"] == []
    shown = shelf.migrate("plugins", "show", "backup", "--json")
    assert shown.json["plugin"]["commands"] == ["backup", "restore"]


@pytest.mark.parametrize("text", ["[default\n", "[default]\nplugins = 3\n", None])
def test_help_survives_settings_that_cannot_be_read(shelf: Project, text: str | None) -> None:
    file = shelf.root / "settings.toml"
    file.unlink()
    if text:
        file.write_text(text)

    helped = shelf.migrate("--help")

    assert (helped.exit_code, helped.stderr) == (0, "")
    assert "Of plugins" not in helped.stdout
