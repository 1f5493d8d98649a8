"""The click classes of every command: common options, negative steps, one result printed once."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import click

from sst.cli.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEP_BACK = re.compile(r"-\d+")


class Command(click.Command):
    """A command of ours: takes the common options; `main` prints the report that it returns."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params += [_x_option(), *common_options()]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `-1` as a target; every other word with a dash must be an option that exists."""
        return super().parse_args(ctx, _steps_last(args))


class Group(click.Group):
    """A group of ours, so that its commands are ours without saying so."""

    command_class = Command

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params += [_x_option(), *common_options()]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begin with; its name is remembered for the result.

        An unknown one names the nearest: click itself knows none that is imported late.
        """
        try:
            name, command, rest = super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            known = self.known_names(ctx)
            name = error.command_name
            raise click.exceptions.NoSuchCommand(name, possibilities=known, ctx=ctx) from None
        invocation = ctx.ensure_object(Invocation)
        invocation.command = f"{invocation.command} {name or ''}".strip()
        return name, command, rest

    def known_names(self, ctx: click.Context) -> Sequence[str]:
        """Return every word that could have been meant."""
        return self.list_commands(ctx)


Group.group_class = Group


def lock_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that takes the run's lock."""
    wait = click.option(
        "--lock-wait",
        "lock_wait_seconds",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        callback=_finite,
        help="Wait this long for another migration to end (default: migrate.lock_wait).",
    )
    change = click.option(
        "--allow-environment-change",
        is_flag=True,
        help="Run although the database was last run in another environment.",
    )
    return wait(change(function))


def _finite(_ctx: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse `nan` and `inf`, which are numbers for Python and no time to wait."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("is not a number of seconds")
    return value


def blockers_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option of the commands whose revisions wait for locks."""
    return click.option(
        "--terminate-blockers",
        is_flag=True,
        help="End sessions that idle in a transaction and block a revision, "
        "when migrate.terminate_applications names them.",
    )(function)


def common_options() -> list[click.Parameter]:
    """Return the options that every command and the group take."""
    return [
        _flag("--json", "as_json", "Print one JSON object on stdout."),
        click.Option(
            ["--set", "overrides"],
            multiple=True,
            metavar="NAME=VALUE",
            help="Override a setting for this call; may be repeated.",
            expose_value=False,
            callback=_remember_overrides,
        ),
        click.Option(
            ["--no-plugin", "left_out"],
            multiple=True,
            metavar="NAME",
            help="Leave a plugin out of this call, before it is imported; may be repeated.",
            expose_value=False,
            callback=_remember_left_out,
        ),
        _flag("--no-color", "no_color", "Print without colour."),
        _flag("--debug", "debug", "Show the traceback of an error."),
    ]


def _x_option() -> click.Option:
    """Return Alembic's `-x`, before or behind the command; a plugin's command may have its own."""
    return click.Option(
        ["-x", "x"],
        multiple=True,
        metavar="KEY=VALUE",
        help="Argument for env.py, which reads it with context.get_x_argument(); may be repeated.",
        expose_value=False,
        callback=_remember_x,
    )


def _flag(name: str, attribute: str, text: str) -> click.Option:
    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
        if value:
            setattr(ctx.ensure_object(Invocation), attribute, True)

    return click.Option(
        [name, attribute], is_flag=True, expose_value=False, callback=remember, help=text
    )


def _remember_overrides(
    ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> None:
    ctx.ensure_object(Invocation).overrides += value


def _remember_left_out(
    ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> None:
    invocation = ctx.ensure_object(Invocation)
    invocation.left_out = tuple(dict.fromkeys([*invocation.left_out, *value]))


def _remember_x(ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> None:
    ctx.ensure_object(Invocation).x += value


def _steps_last(args: list[str]) -> list[str]:
    """Move words such as `-1` behind a `--`, where click takes them as arguments.

    click's own switch for this (ignore_unknown_options) would also take the typo `--yess`.
    """
    if "--" in args:
        return args
    steps = [word for word in args if _STEP_BACK.fullmatch(word)]
    return [word for word in args if word not in steps] + (["--", *steps] if steps else [])
