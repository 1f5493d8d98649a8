"""A plugin's command on many databases, where its author has said that it can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.fleet.options import many_options, take_many
from sst.hooks.contract.commands import does_work_on_many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click

    from sst.cli.fleet.options import Way

_WAY: Way = "change"
"""What it does with each of them, as far as the core can know."""


def options_of_many(command: click.Command) -> Sequence[click.Parameter]:
    """Return what *command* takes besides, to work on many databases; nothing without its word."""
    return many_options(_WAY) if does_work_on_many(command) else ()


def on_many(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command's `invoke` that works on many databases where the options choose them."""

    def invoked(ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the callback returns
        many = take_many(ctx, _WAY)
        if many is None:
            return invoke(ctx)
        from sst.cli.fleet.run import run_on_many

        return run_on_many(ctx, many, _WAY)

    return invoked
