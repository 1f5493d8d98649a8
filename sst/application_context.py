"""Makes the value by which plugins see the application that they add to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sst.hooks import ApplicationContext

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.checks import Inspection
    from sst.runtime import Runtime


def application_context(
    runtime: Runtime, preparing: threading.RLock | None = None
) -> ApplicationContext:
    """Return what plugins may know of the application on *runtime*; nothing is resolved here.

    *preparing* is held while the runtime makes its parts: a plugin may ask on any thread.
    """
    making = preparing or threading.RLock()

    def database_url() -> DatabaseUrl:
        with making:
            return runtime.database_url

    def engine() -> Engine:
        with making:
            return runtime.engine

    def inspect() -> Inspection:
        with making:
            _ = runtime.migrator
        return runtime.inspect()

    return ApplicationContext(
        environment=runtime.environment,
        project_root=runtime.project_root,
        database_url=database_url,
        engine=engine,
        redis_url=runtime.settings.redis_url,
        inspect=inspect,
        settings=runtime.visible_settings,
    )
