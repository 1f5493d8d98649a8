"""The options that commands share: those of every command, and those that take the run's lock."""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.asking import asker
from sst.cli.call.invocation import Invocation
from sst.cli.call.presentation import JSON, TEXT
from sst.cli.completing.names import overrides, plugins, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


TARGET = "--target"


def run_options(
    *, confirm: str = "", blockers: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options of a command that takes the run's lock; it gets them whole, as `options`.

    *confirm* is the help of `--confirm`, which a command without it does not take; *blockers* adds
    the option of the commands whose revisions wait for locks.
    """
    chosen = [
        *([_confirm(confirm)] if confirm else []),
        _LOCK_WAIT,
        _ENVIRONMENT_CHANGE,
        *([_TERMINATE_BLOCKERS] if blockers else []),
    ]

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        call = _with_options(function)
        for add in reversed(chosen):
            call = add(call)
        return call

    return decorated


class CommonOption(click.Option):
    """An option that every command has: the help has them in a section of their own."""


def common_options() -> list[click.Parameter]:
    """Return the options that every command and the group take."""
    return [
        _flag("--json", "as_json", "One JSON object on stdout."),
        CommonOption(
            ["--set", "overrides"],
            multiple=True,
            metavar="NAME=VALUE",
            help="Override a setting for this call.",
            expose_value=False,
            callback=_remember_overrides,
            shell_complete=overrides,
        ),
        CommonOption(
            ["--no-plugin", "left_out"],
            multiple=True,
            metavar="NAME",
            help="Leave a plugin out of this call, unimported.",
            expose_value=False,
            callback=_remember_left_out,
            shell_complete=plugins,
        ),
        _flag("--no-color", "no_color", "Print without colour."),
        _flag("--debug", "debug", "Show the traceback of an error."),
    ]


def x_option() -> click.Option:
    """Return Alembic's `-x`, before or behind the command; a plugin's command may have its own."""
    return CommonOption(
        ["-x", "x"],
        multiple=True,
        metavar="KEY=VALUE",
        help="Argument for env.py and plugins; may be repeated.",
        expose_value=False,
        callback=_remember_x,
    )


def target_option() -> click.Option:
    """Return `--target`, before or behind the command; a plugin's command may have its own."""
    return CommonOption(
        [TARGET, "target_names"],
        multiple=True,
        metavar="NAME",
        help="Work on this one of the listed databases.",
        expose_value=False,
        callback=_remember_target,
        shell_complete=targets,
    )


def verbose_option() -> click.Option:
    """Return `--verbose`, before or behind the command; a plugin's command may have its own."""
    return _flag("--verbose", "verbose", "Show log lines on a terminal too.", short="-v")


def no_cache_option() -> click.Option:
    """Return `--no-cache`; the door has heard it before click does."""
    return click.Option(
        ["--no-cache"],
        is_flag=True,
        expose_value=False,
        help="Look at everything anew, also when nothing has changed.",
    )


def format_option(forms: Iterable[str]) -> click.Option:
    """Return `--format` of a command that has *forms* beside text and JSON."""
    return click.Option(
        ["--format", "form_name"],
        type=click.Choice([TEXT, JSON, *forms]),
        expose_value=False,
        callback=_remember_form,
        help="The form of the result.",
    )


def form_in(words: Sequence[str]) -> str | None:
    """Return the form that *words* ask for, before click understands them; None for none.

    A command line that is wrong is answered in its form, too.
    """
    found = None
    for word, after in zip(words, [*words[1:], None], strict=True):
        name, is_joined, value = word.partition("=")
        if name == "--format":
            found = value if is_joined else after
    return found


def refuse_two_forms(ctx: click.Context) -> None:
    """Raise `click.UsageError` for `--json` beside another form."""
    invocation = ctx.ensure_object(Invocation)
    if invocation.as_json and invocation.form_name not in {None, JSON}:
        text = f"--json and --format {invocation.form_name} are two forms of one result."
        raise click.UsageError(text, ctx)


def _remember_form(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    invocation = ctx.ensure_object(Invocation)
    invocation.form_name = value
    invocation.present(invocation.presentation)


def _with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* called with `options` in place of what `run_options` adds."""

    @wraps(function)
    def call(
        *arguments: Any,
        lock_wait_seconds: float | None,
        allow_environment_change: bool,
        terminate_blockers: bool = False,
        **others: Any,
    ) -> Any:  # noqa: ANN401 - whatever the command returns
        from sst.migrator.values.options import RunOptions

        options = RunOptions(
            lock_wait_seconds=lock_wait_seconds,
            confirmed_name=others.pop("confirmed_name", None),
            ask=asker(),
            allow_environment_change=allow_environment_change,
            terminate_blockers=terminate_blockers,
        )
        return function(*arguments, options=options, **others)

    return call


def finite(_ctx: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse `nan` and `inf`, which are numbers for Python and no time to wait."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("is not a number of seconds")
    return value


_LOCK_WAIT = click.option(
    "--lock-wait",
    "lock_wait_seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    callback=finite,
    help="Wait this long for another migration to end (default: migrate.lock_wait).",
)
_ENVIRONMENT_CHANGE = click.option(
    "--allow-environment-change",
    is_flag=True,
    help="Run although the database was last run in another environment.",
)
_TERMINATE_BLOCKERS = click.option(
    "--terminate-blockers",
    is_flag=True,
    help="End sessions that idle in a transaction and block a revision, "
    "when migrate.terminate_applications names them.",
)


def _confirm(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--confirm", "confirmed_name", metavar="NAME", help=text)


def _flag(name: str, attribute: str, text: str, *, short: str = "") -> click.Option:
    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
        if value:
            setattr(ctx.ensure_object(Invocation), attribute, True)

    return CommonOption(
        [*filter(None, [short]), name, attribute],
        is_flag=True,
        expose_value=False,
        callback=remember,
        help=text,
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


def _remember_target(
    ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> None:
    if not ctx.resilient_parsing:
        for name in value:
            ctx.ensure_object(Invocation).work_on(name)


def _remember_x(ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> None:
    ctx.ensure_object(Invocation).x += value
