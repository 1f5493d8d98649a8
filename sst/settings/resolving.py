"""The URL of a database as its setting gives it, or as a plugin makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.db.url import DatabaseUrl
from sst.errors import RUN_AGAIN, ConfigError, Problem, SstError
from sst.hooks.manager import HookFailedError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from sst.hooks.manager import Plugins


def resolve_url(
    setting: str, value: SecretStr | None, plugins: Plugins, root: Path
) -> tuple[DatabaseUrl, bool]:
    """Return the URL that *setting* means by *value*, and whether a plugin has made it.

    Raises `ConfigError` where there is none.
    """
    if value is None:
        hint = "set it in the environment or in .secrets.toml, or name one of many with --target"
        raise ConfigError([Problem(setting, "is not set", hint=hint)], RUN_AGAIN)
    text = value.get_secret_value()
    try:
        resolved = plugins.first("resolve_database_url", url=text, project_root=root)
    except HookFailedError as error:
        raise unresolved(setting, error) from error
    if resolved is None and text == "embedded":
        raise ConfigError([no_server(setting)], RUN_AGAIN)
    return DatabaseUrl(resolved or text, setting=setting), bool(resolved)


def no_server(setting: str) -> Problem:
    """Return the problem of *setting*, which asks for a server that no plugin makes."""
    what = "no plugin turns 'embedded' into a server"
    return Problem(setting, what, hint='add "embedded_postgres" to plugins.enabled')


def unresolved(setting: str, error: HookFailedError) -> SstError:
    """Return why a plugin cannot make a database's URL of *setting*."""
    if isinstance(error.error, SstError):
        return error.error
    reason = error.veto.reason if error.veto else error.reason
    hint = error.veto.hint if error.veto else ""
    what = f"the plugin {error.plugin} cannot resolve it: {reason}"
    return ConfigError([Problem(setting, what, source=error.place, hint=hint)], RUN_AGAIN)
