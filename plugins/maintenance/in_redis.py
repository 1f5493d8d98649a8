"""The flag in Redis: a sorted set of the runs that hold it up, each until its time is over.

One key for all runs, so that the end of one does not end the maintenance of another. The clock is
the server's, and the key itself expires with the last of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sst.hooks import ConfigError, Problem, install_advice

if TYPE_CHECKING:
    from pydantic import SecretStr
    from redis import Redis

_TIMEOUT_SECONDS = 1.0


class RedisFlag:
    """One member of the set at *key*; it counts for *ttl_seconds* after a call."""

    def __init__(self, url: SecretStr, key: str, ttl_seconds: float) -> None:
        self.place = _place(key)
        self._redis = _client(url)
        self._key = key
        self._ttl_seconds = ttl_seconds
        self._member = uuid4().hex

    def keep_up(self) -> None:
        """Count from now on; forget the runs that have died."""
        now = _now(self._redis)
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.zremrangebyscore(self._key, "-inf", now)
            pipeline.zadd(self._key, {self._member: now + self._ttl_seconds})
            pipeline.pexpire(self._key, int(self._ttl_seconds * 1000))
            pipeline.execute()

    def take_down(self) -> None:
        """Count no more."""
        try:
            self._redis.zrem(self._key, self._member)
        finally:
            self._redis.close()


class RedisLook:
    """A question to the set at *key*."""

    def __init__(self, url: SecretStr, key: str) -> None:
        self.place = _place(key)
        self._redis = _client(url)
        self._key = key

    def is_up(self) -> bool:
        """Ask whether a run of the set is still counting. Raises `redis.RedisError`."""
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.zrange(self._key, 0, 0, desc=True, withscores=True)
            (seconds, microseconds), newest = pipeline.execute()
        return bool(newest) and newest[0][1] > seconds + microseconds / 1e6

    def close(self) -> None:
        """Give the connection back."""
        self._redis.close()


def _client(url: SecretStr) -> Redis:
    """Return a client that connects at its first use and waits for nothing long."""
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        hint = f"{install_advice('redis>=5', 'redis')}, or leave REDIS_URL unset"
        what = "the plugin maintenance needs the package redis, which is not installed"
        raise ConfigError([Problem("REDIS_URL", what, hint=hint)]) from None
    try:
        client: Redis = Redis.from_url(
            url.get_secret_value(),
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError:
        # Its text may quote the URL.
        what = "is not a URL that the package redis can read"
        raise ConfigError([Problem("REDIS_URL", what, hint="redis://host:6379/0")]) from None
    return client


def _place(key: str) -> str:
    return f"Redis ({key})"


def _now(redis: Redis) -> float:
    seconds, microseconds = redis.time()
    return float(seconds + microseconds / 1e6)
