"""The command line: one file per command, each parses, calls one function, returns its report.

- `plugins/`: `plugins` and its subcommands
- `check.py`: `check`
- `command.py`: the click classes of every command
- `config.py`: `config` and its subcommands
- `current.py`: `current`
- `downgrade.py`: `downgrade`
- `envelope.py`: the one JSON object of a command
- `exit.py`: the end of the process
- `history.py`: `history`
- `invocation.py`: one call of the command line, and the runtime that it works with
- `main.py`: the group of commands, and the place where results and errors become output
- `options.py`: the options that commands share, and those of a locked command
- `output.py`: reports as text
- `plan.py`: `plan`
- `plugin_commands.py`: the commands that plugins contribute
- `plugin_context.py`: the runtime as a plugin's command sees it
- `repair.py`: `repair`
- `revision.py`: `revision`
- `run_text.py`: runs as text and as JSON-ready values
- `runs.py`: `runs` and its subcommands
- `stamp.py`: `stamp`
- `table.py`: rows of text, aligned on a terminal and tab-separated elsewhere
- `upgrade.py`: `upgrade`
- `wait.py`: `wait`
"""

from __future__ import annotations

from sst.cli.exit import leave
from sst.cli.main import main

__all__ = ["leave", "main"]
