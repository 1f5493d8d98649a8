"""The help: one screen for the program, and each command's own options before the common ones."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest

from sst import cli as command_line
from sst.cli.call.overview import BY_PURPOSE, write_overview
from sst.cli.main import COMMANDS, cli

FOLDER = Path(command_line.__file__).parent
NO_COMMANDS = {"__init__", "exit", "main"}
SCREEN_LINES = 24
SCREEN_COLUMNS = 80


def helped(*words: str) -> list[str]:
    """Return the lines of `sst WORDS --help` on a terminal of 80 columns."""
    context = click.Context(cli, info_name="sst", terminal_width=SCREEN_COLUMNS - 2)
    command: click.Command = cli
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        command = found
        context = click.Context(
            command, context, info_name=word, terminal_width=SCREEN_COLUMNS - 2
        )
    return command.get_help(context).splitlines()


def overview(*of_plugins: str, columns: int = SCREEN_COLUMNS) -> list[str]:
    """Return the commands of the core and *of_plugins* as the help shows them."""
    formatter = click.HelpFormatter(width=columns - 2)
    write_overview(formatter, list(COMMANDS), dict.fromkeys(of_plugins, "shelf"))
    return formatter.getvalue().splitlines()


def test_help_fits_one_screen_with_the_built_in_commands() -> None:
    built_in = overview("backup", "restore")

    lines = [*helped(), *built_in[len(overview()) :]]

    assert len(lines) < SCREEN_LINES
    assert max(map(len, [*lines, *built_in])) <= SCREEN_COLUMNS


def test_every_file_of_a_command_has_its_place_by_purpose() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - NO_COMMANDS
    placed = [name for group in BY_PURPOSE.values() for name in group]

    assert {*COMMANDS} == {*files, "plugins"}
    assert len(placed) == len(set(placed))


def test_command_of_a_plugin_is_listed_where_it_is_enabled_only() -> None:
    without, with_it = "\n".join(overview()), "\n".join(overview("restore", "tidy"))

    assert "restore" not in without
    assert "  restore     back to a backup" in with_it
    assert with_it.endswith("Of plugins:\n  tidy        of the plugin shelf")


def test_commands_are_in_one_column_where_two_do_not_fit() -> None:
    lines = overview("backup", "restore", columns=60)

    assert max(map(len, lines)) <= 60
    assert "  check       anything to do? exit 3" in lines


@pytest.mark.parametrize("name", COMMANDS)
def test_common_options_come_last_and_fit_the_screen(name: str) -> None:
    command = importlib.import_module(f"sst.cli.{name}").command
    words: list[tuple[str, ...]] = [(name,)]
    if isinstance(command, click.Group):
        words += [(name, each) for each in command.list_commands(click.Context(command))]

    for each in words:
        lines = helped(*each)
        common = lines.index("Common options:")
        assert max(map(len, lines)) <= SCREEN_COLUMNS
        assert not any(line.endswith("...") for line in lines[1:])
        assert "  --json            One JSON object on stdout." in lines[common:]
        assert not any("--json" in line for line in lines[:common])
