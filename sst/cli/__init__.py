"""The command line: one file per command, each parses, calls one function, returns its report.

- `call/`: one call: click's classes and options, and the runtime behind them
- `completing/`: what a shell is told that could stand where the cursor is
- `fleet/`: a command on many databases, and the processes that do the work
- `live/`: live lines on a terminal while a command works
- `plugin_commands/`: the commands that plugins contribute
- `plugins/`: `plugins` and its subcommands
- `result/`: a command's result, as text and as JSON
- `check.py`: `check`
- `completion.py`: `completion`
- `config.py`: `config` and its subcommands
- `current.py`: `current`
- `downgrade.py`: `downgrade`
- `exit.py`: the end of the process
- `history.py`: `history`
- `init.py`: `init`
- `lint.py`: `lint`
- `main.py`: the group of commands, and the place where results and errors become output
- `plan.py`: `plan`
- `repair.py`: `repair`
- `revision.py`: `revision`
- `runs.py`: `runs` and its subcommands
- `stamp.py`: `stamp`
- `status.py`: `status`
- `targets.py`: `targets` and its subcommands
- `upgrade.py`: `upgrade`
- `wait.py`: `wait`
"""

from __future__ import annotations

from sst.cli.exit import leave
from sst.cli.main import main

__all__ = ["leave", "main"]
