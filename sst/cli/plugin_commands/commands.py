"""The commands that plugins contribute: checked, and given what every command of ours has."""

from __future__ import annotations

import copy
import json
from contextlib import contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.help import write_options
from sst.cli.call.invocation import Invocation
from sst.cli.call.options import (
    common_options,
    target_option,
    verbose_option,
)
from sst.cli.call.streams import results_only
from sst.cli.plugin_commands.context import PluginContext
from sst.cli.plugin_commands.on_many import on_many, options_of_many
from sst.cli.plugin_commands.own_target import has_own_target
from sst.dependencies import dependency_error
from sst.errors import ConfigError, InterruptedRunError, Problem, SstError, VetoedError
from sst.hooks import CommandResult, Veto
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.redaction.plugin_output import masked_stdout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from sst.runtime import Runtime

    Options = Callable[[], Sequence[click.Parameter]]

_STAYS = "what the command did before stays done"
_LAST_EXIT_CODE = 255


def contributed(invocation: Invocation, core: Collection[str]) -> Mapping[str, click.Command]:
    """Return the plugins' commands by name, each with the common options.

    Raises `ConfigError` for what is no command, for a name of the *core* commands, and for a name
    that two plugins give.
    """
    _read_ahead(invocation)
    found, problems = examined(invocation.runtime, core)
    if problems:
        raise ConfigError(problems)
    return {
        name: _adopted(command, plugin, _added_to(command))
        for name, (plugin, command) in found.items()
    }


def examined(
    runtime: Runtime, core: Collection[str]
) -> tuple[Mapping[str, tuple[str, click.Command]], Sequence[Problem]]:
    """Return the plugins' commands by name, each with its plugin, and what cannot be one."""
    found: dict[str, tuple[str, click.Command]] = {}
    problems: list[Problem] = []
    for item in runtime.plugins.collect("register_commands"):
        fault = _fault(item.value, core, found)
        if fault:
            problems.append(_problem(runtime, item.plugin, fault))
        else:
            found[item.value.name] = (item.plugin, item.value)
    return found, problems


def _read_ahead(invocation: Invocation) -> None:
    """Obey the common options behind the command's name: its plugin is loaded before click is."""
    options = click.Command(
        "migrate.py",
        params=[verbose_option(), *common_options()],
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    try:
        options.make_context("migrate.py", list(invocation.words), obj=invocation)
    except click.UsageError:
        # It is reported when the command itself is parsed.
        return


def _fault(
    command: object, core: Collection[str], found: Mapping[str, tuple[str, click.Command]]
) -> str:
    """Return why *command* cannot be one of ours; nothing when it can."""
    if not isinstance(command, click.Command) or not command.name:
        return f"register_commands returned {command!r}, not a click command with a name"
    if command.name in core:
        return f"its command {command.name!r} has the name of a core command"
    if command.name in found:
        other = found[command.name][0]
        return f"its command {command.name!r} is also one of the plugin {other}"
    return _shadowed(command)


def _shadowed(command: click.Command) -> str:
    ours = {word for option in common_options() for word in option.opts}
    taken = sorted(word for each in command.params for word in each.opts if word in ours)
    return f"{command.name!r} declares {', '.join(taken)}: the core adds it" if taken else ""


def _problem(runtime: Runtime, plugin: str, what: str) -> Problem:
    [entry] = [entry for entry in runtime.plugins.entries if entry.name == plugin]
    hint = "rename the command or the option, or take one plugin out of plugins.enabled"
    return Problem(f"plugin {plugin}", what, entry.source or "", hint)


def _adopted(command: click.Command, plugin: str, added: Options) -> click.Command:
    """Return a copy of *command* with *added* and the common options, and so on below a group."""
    adopted = copy.copy(command)
    many = options_of_many(command)
    own = [*command.params, *many]
    adopted.params = [*own, *_of_no_own_word(command, added()), *common_options()]
    adopted.format_options = partial(write_options, adopted)  # type: ignore[method-assign]
    adopted.make_context = _with_context(adopted.make_context)  # type: ignore[method-assign]
    if many:
        adopted.invoke = on_many(adopted.invoke)  # type: ignore[method-assign]
    if command.callback:
        adopted.callback = _called(command.callback, plugin)
    if isinstance(adopted, click.Group):
        adopted.resolve_command = _resolving(adopted.resolve_command, plugin, added)  # type: ignore[method-assign]
    return adopted


def _added_to(command: click.Command) -> Options:
    """Return what makes the options that *command* takes unless it has a word of them for itself.

    `--target` behind any command of a group that has its own in it is the plugin's.
    """
    if has_own_target(command):
        return lambda: (verbose_option(),)
    return lambda: (target_option(), verbose_option())


def _of_no_own_word(
    command: click.Command, options: Sequence[click.Parameter]
) -> Sequence[click.Parameter]:
    taken = {word for each in command.params for word in each.opts}
    return [option for option in options if not taken.intersection(option.opts)]


def _with_context(make: Callable[..., click.Context]) -> Callable[..., click.Context]:
    """Return a command's `make_context` that gives what completes its words the context too.

    In a call the callback gets it; for a completion nothing is called.
    """

    def made(*arguments: Any, **options: Any) -> click.Context:
        ctx = make(*arguments, **options)
        if ctx.resilient_parsing:
            ctx.obj = PluginContext(ctx.ensure_object(Invocation))
        return ctx

    return made


def _resolving(resolve: Callable[..., Any], plugin: str, added: Options) -> Callable[..., Any]:
    """Return a group's `resolve_command` that adopts what it finds, at whatever depth."""

    def resolved(
        ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = resolve(ctx, args)
        invocation = ctx.ensure_object(Invocation)
        invocation.command = f"{invocation.command} {name or ''}".strip()
        if command is None:
            return name, None, rest
        if fault := _shadowed(command):
            raise ConfigError([_problem(invocation.runtime, plugin, fault)])
        return name, _adopted(command, plugin, added), rest

    return resolved


def _called(callback: Callable[..., Any], plugin: str) -> Callable[..., Any]:
    """Return *callback* with a `CommandContext` to work with, and its errors told as ours."""

    @wraps(callback)
    def call(*arguments: Any, **options: Any) -> CommandResult | int | None:
        ctx = click.get_current_context()
        invocation = ctx.ensure_object(Invocation)
        ctx.obj = PluginContext(invocation)
        with (
            results_only() if invocation.as_json else masked_stdout(invocation.clean),
            invocation.live_lines(),
            _telling(invocation, plugin),
        ):
            answer = _answer(ctx, callback, arguments, options)
            return _result(answer, invocation, is_last=ctx.invoked_subcommand is None)

    return call


def _answer(
    ctx: click.Context,
    callback: Callable[..., Any],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> object:
    """Return what *callback* returns, or the code that it ended with."""
    try:
        return callback(*arguments, **options)
    except click.exceptions.Exit as ended:
        if ctx.invoked_subcommand is not None:
            raise
        return ended.exit_code
    except SystemExit as ended:
        if ctx.invoked_subcommand is not None or not isinstance(ended.code, int | None):
            raise
        return ended.code


def _result(
    answer: object, invocation: Invocation, *, is_last: bool
) -> CommandResult | int | None:
    """Return what there is to print; raises `TypeError` for what the contract does not know."""
    if isinstance(answer, CommandResult):
        json.dumps(dict(answer.data), allow_nan=False)
        return answer
    if answer is None or answer == 0:
        return CommandResult()
    if not isinstance(answer, int) or isinstance(answer, bool) or not is_last:
        raise TypeError(f"returned {type(answer).__name__}, not a CommandResult")
    if not 0 < answer <= _LAST_EXIT_CODE:
        raise TypeError(f"returned {answer}, which is no exit code")
    if not invocation.as_json:
        return answer
    ended = SstError(what=f"`{invocation.command}` ended with exit code {answer}.")
    ended.exit_code = answer
    raise ended


@contextmanager
def _telling(invocation: Invocation, plugin: str) -> Iterator[None]:
    """Raise what the command of *plugin* raised as an error that a user can read."""
    redact = invocation.runtime.redact
    try:
        with translate_driver_errors(redact, touched=_STAYS):
            yield
    except (SstError, click.UsageError, click.Abort, click.exceptions.Exit):
        raise
    except click.ClickException as error:
        failed = SstError(what=redact(error.format_message()))
        failed.exit_code = error.exit_code
        raise failed from error
    except Veto as veto:
        raise _vetoed(veto, invocation, plugin) from veto
    except KeyboardInterrupt:
        hint = "run the command again when you are ready"
        raise InterruptedRunError(2, why=_STAYS, next_step=hint) from None
    except (Exception, SystemExit) as error:
        missing = dependency_error(error) if isinstance(error, ImportError) else None
        raise missing or _bug(error, invocation, plugin) from error


def _vetoed(veto: Veto, invocation: Invocation, plugin: str) -> VetoedError:
    redact = invocation.runtime.redact
    return VetoedError(
        what=f"The plugin '{plugin}' refused `{invocation.command}`.",
        why=redact(veto.reason),
        next_step=redact(veto.hint),
        code=veto.code,
    )


def _bug(error: BaseException, invocation: Invocation, plugin: str) -> SstError:
    blamed = invocation.runtime.plugins.blame(plugin, "register_commands", error)
    place = f" [{blamed.place}]" if blamed.place else ""
    bug = SstError(
        what=f"This is a bug of the plugin '{plugin}': `{invocation.command}` failed.",
        why=invocation.clean(blamed.reason) + place,
        next_step="repeat it with --debug and report the traceback to the plugin's authors",
    )
    bug.code = "bug"
    return bug
