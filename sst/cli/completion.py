"""`migrate.py completion`: the script with which a shell completes the words of `sst`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from sst.cli.call.command import Command
from sst.cli.completing import VARIABLE
from sst.migrator.values.report import Report

SCRIPT = "sst"
_SHELLS = ("bash", "zsh", "fish")
# bash calls what was typed: a migrate.py that can be executed is completed like the script.
_MIGRATE_PY = "complete -o nosort -F _sst_completion migrate.py"


@click.command("completion", cls=Command, short_help="The script for a shell's completion.")
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> Report:
    """Print the script that makes SHELL complete commands, options, revisions, runs and backups.

    `eval "$(sst completion bash)"` in .bashrc, or the same with zsh in .zshrc; with fish
    `sst completion fish > ~/.config/fish/completions/sst.fish`.
    """
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click has these three
    script = made(click.Command(SCRIPT), {}, SCRIPT, VARIABLE)
    text = script.source_template % script.source_vars()
    more = f"{_MIGRATE_PY}\n" if shell == "bash" else ""
    return Report(lines=(text.strip() + "\n" + more,), extras={"shell": shell, "script": text})
