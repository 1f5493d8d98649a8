"""The help of a command: its own options first, those that every command has last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.options import CommonOption
from sst.cli.fleet.options import ManyOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Record = tuple[str, str]


def write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write the options of *command*, the commands below it when it is a group, and the rest."""
    _write_section(formatter, "Options", _records(command, ctx, common=False))
    many = (each for each in command.get_params(ctx) if isinstance(each, ManyOption))
    _write_section(formatter, "Many databases", list(filter(None, _records_of(many, ctx))))
    if isinstance(command, click.Group):
        _write_section(formatter, "Commands", list(_commands(command, ctx)))
    _write_section(formatter, "Common options", _records(command, ctx, common=True))


def write_option_names(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write the names of all options of *command* and nothing else: the screen is short."""
    names = [name for name, _ in _records(command, ctx, common=False)]
    names += [name for name, _ in _records(command, ctx, common=True)]
    formatter.write_paragraph()
    formatter.write_dl([("Options:", _unbroken(names))], col_spacing=1)


def _unbroken(names: Sequence[str]) -> str:
    """Return *names* as a text that is broken between them only."""
    return "  ".join(name.replace(" ", "\N{NO-BREAK SPACE}") for name in names)


def _records(command: click.Command, ctx: click.Context, *, common: bool) -> list[Record]:
    """Return the help of the options that every command has, or of all others."""
    return list(filter(None, _of(command, ctx, common=common)))


def _of(command: click.Command, ctx: click.Context, *, common: bool) -> Iterator[Record | None]:
    for each in command.get_params(ctx):
        is_help = not set(ctx.help_option_names).isdisjoint(each.opts)
        is_common = isinstance(each, CommonOption) or is_help
        # Of an argument without a help text the usage says all.
        if isinstance(each, ManyOption):
            continue
        if is_common is common and (isinstance(each, click.Option) or getattr(each, "help", None)):
            yield each.get_help_record(ctx)


def _records_of(options: Iterable[click.Parameter], ctx: click.Context) -> Iterator[Record | None]:
    return (each.get_help_record(ctx) for each in options)


def _commands(group: click.Group, ctx: click.Context) -> Iterator[Record]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is not None and not command.hidden:
            yield name, command.short_help or _first_sentence(command.help or "")


def _first_sentence(text: str) -> str:
    """Return the first sentence of *text* whole: click would cut it in the middle."""
    words = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    sentence, stop, _ = words.partition(". ")
    return sentence + stop.rstrip()


def _write_section(
    formatter: click.HelpFormatter, heading: str, records: Sequence[Record]
) -> None:
    if records:
        with formatter.section(heading):
            formatter.write_dl(records)
