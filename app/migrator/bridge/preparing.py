"""What env.py prepares for the revision files: folders on `sys.path`, variables, imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from alembic.runtime.environment import EnvironmentContext

from app.migrator.bridge.environment import ONE_AT_A_TIME

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


def prepare(config: Config, script: ScriptDirectory) -> None:
    """Run env.py up to its first `context.configure()`, offline: no database is asked.

    Plain Alembic reads the revision files after that point, so they may lean on it.
    Raises what env.py raises before.
    """
    try:
        with ONE_AT_A_TIME, _Preparation(config, script, as_sql=True):
            script.run_env()
    except _PreparedError:
        return


class _PreparedError(BaseException):
    """Leaves env.py; no `except Exception` of its own may hold it up."""


class _Preparation(EnvironmentContext):
    """What env.py knows as `alembic.context` while it only prepares."""

    def configure(self, *_: Any, **__: Any) -> NoReturn:
        """End here: what follows is the migration."""
        raise _PreparedError
