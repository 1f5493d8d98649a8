"""A limit on tries of the token: a few wrong ones a minute from one client."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

MOST_WRONG = 5
"""Wrong tries of one client within `WINDOW_SECONDS`; further ones are not looked at."""
WINDOW_SECONDS = 60.0
MOST_CLIENTS = 1000
"""Clients that are remembered; of more the one that was wrong longest ago is forgotten."""
_NETWORK_BITS = 64


class Attempts:
    """The wrong tries of the last minute, by client.

    *clock* returns seconds; it is an argument for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, client: str) -> float:
        """Return how long *client* has to wait before its next try is looked at; 0 for not."""
        wrong = self._wrong.get(client)
        if wrong is None or len(wrong) < MOST_WRONG:
            return 0.0
        return max(0.0, wrong[0] + WINDOW_SECONDS - self._clock())

    def note_wrong(self, client: str) -> None:
        """Remember that *client* has just sent a wrong token."""
        self._wrong.setdefault(client, deque(maxlen=MOST_WRONG)).append(self._clock())
        self._wrong.move_to_end(client)
        while len(self._wrong) > MOST_CLIENTS:
            self._wrong.popitem(last=False)


def client_of(request: Request) -> str:
    """Return who has sent *request*: its address, of IPv6 the network, which is one household's.

    Behind a proxy that uvicorn is not told to trust it is the proxy's, and all are one client.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:  # noqa: PLR2004 - the protocol's number
        return host
    return str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False))
