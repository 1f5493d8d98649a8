"""A plugin's own option `--target`, and ours behind a plugin's command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.options import TARGET, CommonOption

if TYPE_CHECKING:
    from collections.abc import Sequence


def has_own_target(command: click.Command) -> bool:
    """Say whether *command*, or one below it, has an option `--target` of the plugin's."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    own = any(TARGET in each.opts for each in command.params if not isinstance(each, CommonOption))
    return own or any(map(has_own_target, below))


def target_in(words: Sequence[str]) -> str | None:
    """Return what `--target` among *words* names; None without it, and where it names nothing."""
    reader = click.Command(
        "",
        params=[click.Option([TARGET, "found"])],
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    try:
        found: str | None = reader.make_context("", [*words]).params["found"]
    except click.UsageError:
        return None
    return found
