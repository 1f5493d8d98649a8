"""A job that goes back into the queue, because its worker ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from procrastinate import BaseRetryStrategy, RetryDecision


class GivenBackError(Exception):
    """The job was not done here: another worker is to take it."""


class GiveBack(BaseRetryStrategy):
    """Queues a job again that was given back; nothing else is tried again by the queue."""

    def get_retry_decision(self, *, exception: BaseException, job: Any) -> RetryDecision | None:  # noqa: ANN401 - a job of procrastinate
        """Return now for what was given back."""
        del job
        is_given_back = isinstance(exception, GivenBackError)
        return RetryDecision(retry_at=datetime.now(UTC)) if is_given_back else None
