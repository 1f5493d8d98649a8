"""Says at the start what is wrong with DATABASE_URL, which nothing asks for before a request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sst.db.url import DatabaseUrl
from sst.errors import ConfigError, SstError

if TYPE_CHECKING:
    from sst.runtime import Runtime

_EMBEDDED = "embedded"
_RESOLVE = "resolve_database_url"

_log = logging.getLogger(__name__)


def log_unusable_url(runtime: Runtime) -> None:
    """Log why requests to *runtime* will have no database; nothing connects, no server starts."""
    if _is_readable(runtime) or _may_start_a_server(runtime):
        return
    try:
        # A plugin may know what it means.
        _ = runtime.database_url
    except SstError as error:
        _log.error("%s", error)


def _is_readable(runtime: Runtime) -> bool:
    try:
        DatabaseUrl(_text(runtime))
    except ConfigError:
        return False
    return True


def _may_start_a_server(runtime: Runtime) -> bool:
    return _text(runtime) == _EMBEDDED and any(
        _RESOLVE in entry.hooks for entry in runtime.plugins.entries
    )


def _text(runtime: Runtime) -> str:
    value = runtime.settings.database_url
    return "" if value is None else value.get_secret_value()
