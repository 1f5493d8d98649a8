"""The preparation of env.py for the revision files: folders on `sys.path`, variables, imports."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from alembic.runtime.environment import EnvironmentContext

from sst.bridge.values.process_state import ONE_AT_A_TIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory


def prepared(
    config: Config, script: ScriptDirectory, read: Callable[[], list[Script]]
) -> list[Script]:
    """Return what *read* does when env.py has run up to its first `context.configure()`.

    Plain Alembic reads the revision files after that point, so they may lean on it, and on
    `context.config`. It is run offline: no database is asked. An env.py that breaks off
    may have prepared enough before.
    Raises what *read* raises.
    """
    with ONE_AT_A_TIME, _Preparation(config, script, as_sql=True):
        with suppress(_PreparedError, Exception, SystemExit):
            script.run_env()
        return read()


class _PreparedError(BaseException):
    """Leaves env.py; no `except Exception` of its own may hold it up."""


class _Preparation(EnvironmentContext):
    """The `alembic.context` of an env.py that only prepares."""

    def configure(self, *_: Any, **__: Any) -> NoReturn:
        """End here: what follows is the migration."""
        raise _PreparedError


# The module's functions find their object through the class that they were made for.
_Preparation._setups[_Preparation] = EnvironmentContext._setups[EnvironmentContext]  # noqa: SLF001
