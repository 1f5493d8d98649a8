"""`migrate.py plugins`: the plugins around a migration; one file per subcommand.

- `doctor.py`: `plugins doctor`
- `hooks.py`: `plugins hooks`
- `list.py`: `plugins list`
- `lock.py`: `plugins lock`
- `new.py`: `plugins new`
- `show.py`: `plugins show`
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Group

if TYPE_CHECKING:
    from sst.cli.call.command import Command

COMMANDS = ("list", "hooks", "show", "doctor", "lock", "new")
"""The words after `plugins`, in the order of the help; each is `sst/cli/plugins/WORD.py`."""


class Subcommands(Group):
    """The commands of this folder; a module is imported when its word is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the words in their order."""
        del ctx
        return [*COMMANDS]  # `list` is a module of this folder

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of *cmd_name*, None when there is no such word."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: Command = importlib.import_module(f"sst.cli.plugins.{cmd_name}").command
        return command


@click.group("plugins", cls=Subcommands)
def command() -> None:
    """Show the plugins, enabled or not, and write new ones."""
