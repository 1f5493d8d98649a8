"""The options of a command that can work on many databases, and the command line without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from sst.cli.call.options import finite
from sst.cli.completing.names import targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.fleet.budget import Budget

    Way = Literal["look", "change", "forward"]
    """What a command does with each database: it changes nothing, it changes something whose end
    a look does not show, or it brings the schema forward, and a look shows whether it is there."""


_MOST_PAUSE_SECONDS = 86_400


class ManyOption(click.Option):
    """An option for a command on many databases: the help has them in a section of their own."""


@dataclass(frozen=True, slots=True)
class Many:
    """What the command line says of many databases."""

    is_all: bool = False
    patterns: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    parallel: int | None = None
    per_server: int | None = None
    engine: str | None = None
    canary: str | None = None
    max_failures: Budget | None = None
    pause: float | None = None
    is_checked: bool = False
    is_resumed: bool = False


def many_options(way: Way) -> list[ManyOption]:
    """Return the options of a command of that *way*; one that only looks has no canary."""
    options = [*_choosing(), *_at_once()]
    options += [] if way == "look" else _careful()
    return options + (_forward() if way == "forward" else [])


def _choosing() -> list[ManyOption]:
    return [
        _option("--all", "is_all", is_flag=True, help="Work on all databases that are listed."),
        _option(
            "--targets",
            "patterns",
            multiple=True,
            metavar="PATTERN",
            callback=_patterns,
            help="Work on those with such a name, `eu-*`; may be repeated.",
            shell_complete=targets,
        ),
        _option(
            "--label",
            "labels",
            multiple=True,
            metavar="KEY=VALUE",
            callback=pairs,
            help="Work on those with this label; may be repeated, then all must fit.",
        ),
    ]


def _at_once() -> list[ManyOption]:
    number = click.IntRange(min=1)
    return [
        _option(
            "--parallel",
            "parallel",
            type=number,
            metavar="N",
            help="So many at once (default: one for each core).",
        ),
        _option(
            "--per-server",
            "per_server",
            type=number,
            metavar="N",
            help="So many at once on one server (default: as many as in all).",
        ),
        _option(
            "--engine",
            "engine",
            metavar="NAME",
            callback=_word,
            help="What works on them (default: processes of this machine).",
        ),
    ]


def _careful() -> list[ManyOption]:
    return [
        _option(
            "--canary",
            "canary",
            metavar="N|NAMES",
            callback=_word,
            help="These first; if one fails, no other is begun. Then waves of growing size.",
        ),
        _option(
            "--max-failures",
            "max_failures",
            metavar="N|P%",
            callback=_budget,
            help="Begin no more when more than these have failed (default: 0).",
        ),
        _option(
            "--pause",
            "pause",
            type=click.FloatRange(min=0, max=_MOST_PAUSE_SECONDS),
            callback=finite,
            metavar="SECONDS",
            help="Wait between two waves.",
        ),
    ]


def take_many(ctx: click.Context, way: Way) -> Many | None:
    """Take what `many_options` gave out of the parameters of *ctx*; None where one is worked on.

    Raises `click.UsageError` for how many are to be worked on, where none are chosen.
    """
    names = [option.name or "" for option in many_options(way)]
    given = {name: value for name in names if (value := ctx.params.pop(name, None))}
    many = Many(**given)
    if many.is_all and (many.patterns or many.labels):
        raise click.UsageError("--all is all of them: leave out --targets and --label", ctx)
    if not (many.is_all or many.patterns or many.labels):
        if given:
            text = "no databases are chosen: add --all, --targets or --label"
            raise click.UsageError(text, ctx)
        return None
    return many


def for_one_database(words: Sequence[str], way: Way) -> list[str]:
    """Return the command line *words* without what concerns many databases, or the output."""
    reader = click.Command(
        "",
        params=[
            *many_options(way),
            click.Option(["--format"]),
            click.Option(["--json"], is_flag=True),
        ],
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    return list(reader.make_context("", [*words]).args)


def _forward() -> list[ManyOption]:
    return [
        _option(
            "--check-between",
            "is_checked",
            is_flag=True,
            help="Between two waves run `check` on those of the first; what fails has failed.",
        ),
        _option(
            "--resume",
            "is_resumed",
            is_flag=True,
            help="Look at all first, and leave alone those that are where they should be.",
        ),
    ]


def _option(name: str, attribute: str, **options: Any) -> ManyOption:
    return ManyOption([name, attribute], **options)


def pairs(
    _ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return the two sides of each `KEY=VALUE`, each key once, as a callback of `--label`."""
    found = [text.partition("=") for text in value]
    if not all(key and separator for key, separator, _ in found):
        raise click.BadParameter("is not KEY=VALUE", param_hint="--label")
    keys = [key for key, _, _ in found]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        text = f"{twice} is given twice: one pattern fits several values, as {twice}='[ab]*' does"
        raise click.BadParameter(text, param_hint="--label")
    return tuple((key, said) for key, _, said in found)


def _word(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    # An empty variable of the caller must not be a rollout without a canary.
    if value is not None and not value.strip():
        raise click.BadParameter("is empty")
    return value


def _patterns(
    _ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    if not all(value):
        raise click.BadParameter("is empty")
    return value


def _budget(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Budget | None:
    from sst.fleet.budget import Budget

    try:
        return None if value is None else Budget.of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
