"""The group of commands, and the one place where a result or an error becomes output."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from sst import __version__
from sst.cli.call.command import Group, NoWordsError
from sst.cli.call.errors import bug, interruption, usage_error
from sst.cli.call.help import write_option_names
from sst.cli.call.invocation import Invocation
from sst.cli.call.options import TARGET, form_in
from sst.cli.call.other_tools import WORDS, answer_to
from sst.cli.call.overview import BY_PURPOSE, OF_BUILT_IN_PLUGINS, write_overview
from sst.cli.call.streams import prepare_streams, report_unwritable, stdout_given_back
from sst.cli.completing import VARIABLE
from sst.command_line import PROGRAM
from sst.dependencies import dependency_error
from sst.errors import SstError
from sst.redaction.plugin_output import install as install_bounds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from sst.hooks import CommandResult
    from sst.migrator.values.report import Report

COMMANDS = tuple(
    name for group in BY_PURPOSE.values() for name in group if name not in OF_BUILT_IN_PLUGINS
)
"""The core commands, by what they are for; each is `sst/cli/NAME.py`."""

ALIASES = {"st": "status", "info": "status"}
"""Other words for a command; the help does not list them."""


UNCOLLECTED = 50_000
"""Objects after which Python looks for garbage.

A command imports hundreds of modules, which stay. To look through them again and again, as after
each 700 objects, was a tenth of its time.
"""

NO_WORDS = (NoWordsError, getattr(click.exceptions, "NoArgsIsHelpError", NoWordsError))
"""A group of ours without a word, and since click 8.2 a group of a plugin's."""


class Commands(Group):
    """The core commands, and behind them those that plugins contribute."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the core commands; listing those of plugins would load them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command *cmd_name*: a core one, else a plugin's."""
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"sst.cli.{cmd_name}")
            command: click.Command = module.command
            return command
        found = self._contributed(ctx).get(cmd_name)
        if found:
            from sst.cli.plugin_commands.result import PRESENTATION

            ctx.ensure_object(Invocation).present(PRESENTATION)
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options by name: all of it is one screen."""
        self.format_commands(ctx, formatter)
        write_option_names(self, ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begin with, also by another word for it.

        A word of another tool is answered with ours, unless a plugin has a command of that name;
        plugins are loaded only where their text does not say which commands they have.
        """
        name, *rest = args
        if TARGET in "".join(rest) and name not in COMMANDS:
            self._on_target_behind(ctx, args)
        if (name not in ALIASES and name not in WORDS) or self._is_of_a_plugin(ctx, name):
            return super().resolve_command(ctx, args)
        if name in WORDS:
            raise click.UsageError(answer_to(name), ctx)
        return super().resolve_command(ctx, [ALIASES[name], *rest])

    def _on_target_behind(self, ctx: click.Context, args: list[str]) -> None:
        """Obey `--target` behind a command of a plugin: it is that of the target's own plugins."""
        from sst.cli.plugin_commands.own_target import has_own_target, target_in

        name, *rest = args
        invocation = ctx.find_object(Invocation)
        target = target_in(rest) if invocation and not ctx.resilient_parsing else None
        found = self.get_command(ctx, name) if target and name not in COMMANDS else None
        if invocation and target and found and not has_own_target(found):
            invocation.work_on(target)

    def _is_of_a_plugin(self, ctx: click.Context, name: str) -> bool:
        """Say whether a plugin has the command *name*; a broken project's plugins have none."""
        from sst.cli.plugin_commands.known import are_all_known

        invocation = ctx.find_object(Invocation)
        if name in _known(invocation):
            return True
        try:
            is_known = invocation is None or are_all_known(invocation.root_or_here)
            return not is_known and name in self._contributed(ctx)
        except Exception:  # noqa: BLE001 - whatever is broken, the word is answered
            return False

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by what they are for, those of plugins as their texts name them."""
        invocation = ctx.find_object(Invocation)
        formatter.write_paragraph()
        write_overview(formatter, self.list_commands(ctx), _known(invocation))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command, with its few words, or an option; no command is imported."""
        from click.shell_completion import CompletionItem

        words = {name: text for group in BY_PURPOSE.values() for name, text in group.items()}
        found = dict.fromkeys([*COMMANDS, *_known(ctx.find_object(Invocation))])
        commands = [
            CompletionItem(name, help=words.get(name))
            for name in found
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def known_names(self, ctx: click.Context) -> Sequence[str]:
        """Return every word that could have been meant, those of plugins included."""
        return (*COMMANDS, *self._contributed(ctx))

    def _contributed(self, ctx: click.Context) -> Mapping[str, click.Command]:
        """Return the plugins' commands, which loads the plugins; none in a test of click alone."""
        invocation = ctx.find_object(Invocation)
        if invocation is None:
            return {}
        if invocation.contributed is None:
            from sst.cli.plugin_commands.commands import contributed

            invocation.contributed = contributed(invocation, COMMANDS)
        return invocation.contributed


def _known(invocation: Invocation | None) -> dict[str, str]:
    """Return the commands of plugins and whose they are; a broken project has none."""
    from sst.cli.plugin_commands.known import commands_of_enabled

    try:
        found = commands_of_enabled(invocation.root_or_here) if invocation else {}
    except Exception:  # noqa: BLE001 - whatever the settings hold, the help is printed
        return {}
    return {name: plugin for plugin, names in found.items() for name in names}


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit: 0 done, 1 failed, 2 wrong usage or settings, 3 pending or drift, 4 unhealthy, "
    "5 refused, 6 history conflict, 75 try again.",
)
@click.version_option(__version__)
def cli() -> None:
    """Move the schema: one run at a time, a backup first, every attempt on record."""


def main(
    argv: Sequence[str] | None = None, root: Path | None = None, program: str = PROGRAM
) -> int:
    """Run the command in *argv* on the project in *root*; return the exit code.

    Without a *root* the project is found from the working folder.
    *program* is what the user types before a command.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if VARIABLE in os.environ:
        from sst.cli.completing.answer import answer

        return answer(cli, Invocation(root, program))
    gc.set_threshold(UNCOLLECTED)
    prepare_streams()
    invocation = Invocation(root, program)
    trace = invocation.trace
    invocation.last_words = partial(_print_last_words, invocation)
    install_bounds(invocation.clean)
    invocation.words = tuple(words)
    invocation.as_json, invocation.form_name = "--json" in words, form_in(words)
    code = 1
    try:
        code = _run(words, invocation)
    except OSError as error:
        code = report_unwritable(error)
    finally:
        invocation.close()
        trace.end(code, program, invocation.command, invocation.error)
    return code


def _run(words: list[str], invocation: Invocation) -> int:
    try:
        found = outcome_of(words, invocation)
    except NO_WORDS as error:
        click.echo(error.format_message(), err=True)
        return 2
    if isinstance(found, SstError):
        return _print_error(found, invocation)
    return found if isinstance(found, int) else _print_report(found, invocation)


def outcome_of(words: Sequence[str], invocation: Invocation) -> Report | SstError | int:
    """Call the command in *words*; return its report, what ended it, or how it has ended itself.

    Raises one of `NO_WORDS` with the help of a group that was called without a command.
    """
    try:
        program = invocation.program
        result = cli.main([*words], prog_name=program, standalone_mode=False, obj=invocation)
    except NO_WORDS:
        raise
    except click.UsageError as error:
        return usage_error(error, invocation.program)
    except (click.Abort, KeyboardInterrupt):
        return interruption()
    except SstError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a bug of ours, or a package that does not fit
        return dependency_error(error) or bug(error, invocation)
    return _as_report(result, invocation)


def _as_report(
    result: Report | CommandResult | int | None, invocation: Invocation
) -> Report | int:
    if result is None or isinstance(result, int):
        return result or 0
    from sst.cli.plugin_commands.result import as_report
    from sst.migrator.values.report import Report

    return result if isinstance(result, Report) else as_report(result, invocation)


def _print_report(report: Report, invocation: Invocation) -> int:
    from sst.cli.call.keeping import offer
    from sst.cli.result.output import print_result

    invocation.error = report.error
    _print_traceback(report.error, invocation)
    code = print_result(report, invocation)
    offer(report, code, invocation)
    return code


def _print_error(error: SstError, invocation: Invocation) -> int:
    from sst.cli.result.output import print_error

    invocation.error = error
    _print_traceback(error, invocation)
    return print_error(error, invocation)


def _print_last_words(invocation: Invocation, error: SstError) -> None:
    from sst.cli.result.output import print_error

    with stdout_given_back():
        print_error(error, invocation)


def _print_traceback(error: SstError | None, invocation: Invocation) -> None:
    if invocation.debug and error is not None:
        import traceback

        text = "".join(traceback.format_exception(error.__cause__ or error))
        click.echo(invocation.clean(text), err=True)
