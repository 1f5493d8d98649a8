"""All settings of the plugin."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from sst.hooks import ConfigError, DatabaseUrl, Problem

SETTING = "plugins.fleet_procrastinate.url"
_LONGEST_QUEUE = 100


class Config(BaseModel):
    """Where the queue is, and when a worker counts as dead."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    url: SecretStr | None = Field(
        None, description="The queue's database, postgresql://...; a schema sst_fleet is in it."
    )
    queue: str = Field(
        "",
        max_length=_LONGEST_QUEUE,
        description="The queue of this project and environment: workers of another take none of "
        "its jobs. Empty: the environment's name.",
    )
    heartbeat_seconds: float = Field(
        10.0, gt=0, le=300, description="How often a worker shows that it lives."
    )
    stalled_after_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="A worker that has not shown itself for so long is dead: another one takes "
        "its jobs. So is a call that waits: what it has queued is not begun any more.",
    )
    worker_wait_seconds: float = Field(
        60.0, ge=0, description="A call ends, exit 75, when no worker is there for so long."
    )

    @model_validator(mode="after")
    def _has_time_for_a_heartbeat(self) -> Self:
        if self.stalled_after_seconds < 2 * self.heartbeat_seconds:
            raise ValueError("stalled_after_seconds is less than two heartbeat_seconds")
        return self

    def queue_of(self, environment: str) -> str:
        """Return the queue's name in *environment*."""
        return self.queue or environment

    def database(self) -> DatabaseUrl:
        """Return where the queue is. Raises `ConfigError` where nothing says so."""
        if self.url is None or not self.url.get_secret_value():
            hint = "name the queue's database, in .secrets.toml or the environment"
            raise ConfigError([Problem(SETTING, "is not set", "", hint)])
        return DatabaseUrl(self.url.get_secret_value(), setting=SETTING)


def time_to_show(config: Config) -> float:
    """Return how long after an outage all workers that live have shown it, in seconds.

    Before, those that have not yet come back would be taken for dead.
    """
    return 2 * config.heartbeat_seconds
