"""Maintenance while the steps of a run are at work: the application answers 503 and says when.

- `flag.py`: the two faces of the flag, the run's and the application's
- `holding.py`: the flag, held up while a block runs
- `in_database.py`: the flag as an advisory lock
- `in_redis.py`: the flag as a sorted set in Redis
- `middleware.py`: the answer 503 while the flag is up
- `watch.py`: the look at the flag once a second

A flag that the application reads: in Redis where REDIS_URL is set, else in the database.
It holds for a short time only and is renewed while the run lives, so it expires when the run dies.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from sst.hooks import ApplicationContext, ConfigError, Middleware, Run, Veto, hookimpl

from .holding import held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from .flag import Flag, Look


class Config(BaseModel):
    """How long the flag holds, and what the application says meanwhile."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    ttl_seconds: float = Field(
        15.0,
        ge=1,
        le=300,
        description="Seconds after which the flag expires when its run has died.",
    )
    settle_seconds: float = Field(
        2.0,
        ge=0,
        le=300,
        description="Wait between the flag and the first step: the application looks once a "
        "second, and requests that are under way may end.",
    )
    retry_after_seconds: int = Field(
        30, ge=1, description="Seconds in the `Retry-After` header of a 503."
    )
    open_paths: tuple[str, ...] = Field(
        ("/livez", "/health", "/metrics", "/state", "/state/style.css"),
        description="Paths that are answered during maintenance too.",
    )
    redis_key: str = Field(
        "", description="Key of the flag in Redis; empty: sst:maintenance:ENVIRONMENT."
    )


class Plugin:
    """Raise the flag around the steps of a run; answer for the application while it is up."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def around_migrate(self, run: Run) -> AbstractContextManager[None]:
        """Hold the flag up around the steps of *run*; a flag that cannot be raised refuses it."""
        return self._around(run)

    @hookimpl
    def register_middleware(self, application: ApplicationContext) -> list[Middleware]:
        """Return what answers 503 while the flag is up."""
        from .middleware import Maintenance
        from .watch import Watch

        watch = Watch(self._look(application))
        config = self._config
        return [lambda app: Maintenance(app, watch, config.open_paths, config.retry_after_seconds)]

    @contextmanager
    def _around(self, run: Run) -> Iterator[None]:
        config = self._config
        try:
            flag = self._flag(run)
        except ConfigError as error:
            [problem] = error.problems
            raise Veto(f"{problem.subject}: {problem.what}", problem.hint) from error
        with held(flag, config.ttl_seconds, config.settle_seconds):
            yield

    def _flag(self, run: Run) -> Flag:
        ttl_seconds = self._config.ttl_seconds
        if run.redis_url is not None:
            from .in_redis import RedisFlag

            return RedisFlag(run.redis_url, self._key(run.environment), ttl_seconds)
        from .in_database import DatabaseFlag

        return DatabaseFlag(run.database_url, run.id, ttl_seconds)

    def _look(self, application: ApplicationContext) -> Look:
        if application.redis_url is not None:
            from .in_redis import RedisLook

            return RedisLook(application.redis_url, self._key(application.environment))
        from .in_database import DatabaseLook

        return DatabaseLook(application.database_url)

    def _key(self, environment: str) -> str:
        return self._config.redis_key or f"sst:maintenance:{environment}"
