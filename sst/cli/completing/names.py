"""Names that a word of the command line may be: of environments, settings and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.call.invocation import Invocation
from sst.cli.completing import settings_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click
    from click.shell_completion import CompletionItem


def environments(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of an environment of settings.toml."""
    invocation = ctx.find_object(Invocation)
    return _fitting(
        settings_text.environments(invocation.root_or_here) if invocation else (), incomplete
    )


def plugins(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a plugin, enabled or not."""
    from sst.cli.plugin_commands.known import plugin_names

    invocation = ctx.find_object(Invocation)
    return _fitting(plugin_names(invocation.root_or_here) if invocation else (), incomplete)


def targets(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a database of many, of those that files list: no server is asked."""
    from sst.cli.completing.target_names import target_names

    invocation = ctx.find_object(Invocation)
    return _fitting(target_names(invocation.root_or_here) if invocation else (), incomplete)


def setting_names(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a setting of the core."""
    return _fitting(_settings(), incomplete.upper().replace(".", "__"))


def overrides(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name before the `=` of `--set NAME=VALUE`; a value is the user's."""
    if "=" in incomplete:
        return []
    return _fitting([f"{name}=" for name in _settings()], incomplete.upper().replace(".", "__"))


def _settings() -> list[str]:
    from sst.config.declared.catalog import build_catalog

    return sorted(build_catalog().names)


def _fitting(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
