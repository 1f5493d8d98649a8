"""A worker's way to the queue, which may be away for a while."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg import InterfaceError, OperationalError

from sst.hooks import first_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sst.hooks import DatabaseUrl

logger = logging.getLogger("sst.fleet")

AGAIN_SECONDS = 1.0
T = TypeVar("T")


class WaitingConnector(PsycopgConnector):
    """Waits for a queue that is away, until *is_ending* says that it is not worth it any more.

    procrastinate would end its worker at the first statement without an answer, and begin nothing
    until all that is at work has ended. A statement may have been done although its answer is
    lost: what was taken so, the worker gives back (`statements.GIVE_BACK_UNTAKEN`).
    """

    def __init__(self, url: DatabaseUrl, is_ending: Callable[[], bool], **pool: Any) -> None:
        super().__init__(**pool)
        self._url, self._is_ending = url, is_ending
        self.away_at = float("-inf")
        """When the queue was away last, by the loop's clock."""
        self._is_away = False

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:  # noqa: ANN401 - as procrastinate has it
        """Execute *query*."""
        ask = super().execute_query_async
        await self._waiting(lambda: ask(query, **arguments))

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the same
        """Return the row of *query*."""
        ask = super().execute_query_one_async
        return await self._waiting(lambda: ask(query, **arguments))

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the same
        """Return the rows of *query*."""
        ask = super().execute_query_all_async
        return await self._waiting(lambda: ask(query, **arguments))

    async def listen_notify(self, on_notification: Any, channels: Any) -> None:  # noqa: ANN401 - the same
        """Hear of new jobs, until it is cancelled."""
        listen = super().listen_notify
        await self._waiting(lambda: listen(on_notification, channels))

    async def _waiting(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                found = await ask()
            except ConnectorException as error:
                if not _is_away(error) or self._is_ending():
                    raise
                self._note(error)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                if self._is_away:
                    self._is_away = False
                    logger.warning("the queue answers again")
                return found

    def _note(self, error: ConnectorException) -> None:
        self.away_at = asyncio.get_running_loop().time()
        if not self._is_away:
            self._is_away = True
            reason = self._url.redact(first_line(error.__cause__ or error))
            logger.warning("the queue does not answer, it is waited for: %s", reason)


def _is_away(error: ConnectorException) -> bool:
    """Say whether *error* is of the way to the server, and not of what was asked."""
    return isinstance(error.__cause__, OperationalError | InterfaceError)
