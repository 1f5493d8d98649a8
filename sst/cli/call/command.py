"""The click classes of every command: common options and negative steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.help import write_options
from sst.cli.call.invocation import Invocation, takes_runtime
from sst.cli.call.options import (
    common_options,
    format_option,
    no_cache_option,
    refuse_two_forms,
    target_option,
    verbose_option,
    x_option,
)
from sst.cli.call.presentation import Presentation, no_keys, no_text
from sst.cli.fleet.options import many_options, take_many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from sst.cli.call.presentation import Forms, Kept, Keys, Text
    from sst.cli.fleet.options import Way

_STEP_BACK = re.compile(r"-\d+")


class Command(click.Command):
    """A command of ours: takes the common options; `main` prints the report that it returns.

    One with a *many* can work on many databases, and says with it what it does with each.
    """

    def __init__(
        self,
        *arguments: Any,
        text: Text = no_text,
        keys: Keys = no_keys,
        kept: Kept | None = None,
        forms: Forms | None = None,
        many: Way | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._many: Way | None = many
        is_cached = kept and not any(each.name == "no_cache" for each in self.params)
        self.params += [format_option(forms)] if forms is not None else []
        self.params += [no_cache_option()] if is_cached else []
        self.params += many_options(many) if many else []
        self.params += [x_option(), target_option(), verbose_option(), *common_options()]
        self.presentation = Presentation(text, keys, kept, forms)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of this command, then those that every command has."""
        write_options(self, ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the callback returns
        """Call the command; `--target` is refused by one that looks at no database."""
        invocation = ctx.find_object(Invocation)
        if invocation and invocation.target and not takes_runtime(self.callback):
            raise click.UsageError("this command works on no database: it takes no --target", ctx)
        if self._many and (many := take_many(ctx, self._many)):
            from sst.cli.fleet.run import run_on_many

            return run_on_many(ctx, many, self._many)
        return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `-1` as a target; every other word with a dash must be an option that exists."""
        left = super().parse_args(ctx, _steps_last(args, self._taking_a_word()))
        if self.presentation.forms is not None and not ctx.resilient_parsing:
            refuse_two_forms(ctx)
        return left

    def _taking_a_word(self) -> frozenset[str]:
        """Return the options whose value is the next word, whatever it begins with."""
        options = [each for each in self.params if isinstance(each, click.Option)]
        taking = [each for each in options if not (each.is_flag or each._flag_needs_value)]  # noqa: SLF001 - click's parser asks the same
        return frozenset(word for each in taking for word in each.opts)


class NoWordsError(click.UsageError):
    """A group was called without a command; the message is its help."""


class Group(click.Group):
    """A group of ours, so that its commands are ours without saying so."""

    command_class = Command

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params += [x_option(), target_option(), verbose_option(), *common_options()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of this group, its commands, then what every command has."""
        write_options(self, ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take no word at all for a question: the help is the answer."""
        if not args and not ctx.resilient_parsing:
            raise NoWordsError(ctx.get_help(), ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begin with; it is remembered for the result.

        An unknown one names the nearest: click itself knows none that is imported late.
        """
        name, *rest = args
        command = self.get_command(ctx, name)
        if command is None and ctx.resilient_parsing:
            # Behind a word that is none, a shell is offered nothing.
            return name, click.Command(name, add_help_option=False), rest
        if command is None:
            raise click.UsageError(_no_such_command(name, self.known_names(ctx)), ctx)
        invocation = ctx.ensure_object(Invocation)
        invocation.command = f"{invocation.command} {name}".strip()
        if isinstance(command, Command):
            invocation.present(command.presentation)
        return name, command, rest

    def known_names(self, ctx: click.Context) -> Sequence[str]:
        """Return every word that could have been meant."""
        return self.list_commands(ctx)


Group.group_class = Group


def _no_such_command(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    meant = [repr(each) for each in sorted(get_close_matches(name, known))]
    hints = {0: "", 1: f" Did you mean {', '.join(meant)}?"}
    several = f" (Did you mean one of: {', '.join(meant)}?)"
    return f"No such command {name!r}.{hints.get(len(meant), several)}"


def _steps_last(args: list[str], taking: AbstractSet[str]) -> list[str]:
    """Move words such as `-1` behind a `--`, where click takes them as arguments.

    Behind one of the options *taking* a word it is their value. click's own switch for this
    (ignore_unknown_options) would also take the typo `--yess`.
    """
    if "--" in args:
        return args
    before = ["", *args]
    is_step = [
        bool(_STEP_BACK.fullmatch(word)) and previous not in taking
        for previous, word in zip(before, args, strict=False)
    ]
    steps = [word for word, is_one in zip(args, is_step, strict=True) if is_one]
    others = [word for word, is_one in zip(args, is_step, strict=True) if not is_one]
    return others + (["--", *steps] if steps else [])
