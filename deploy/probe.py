"""Answer the container's question "are you alive?": exit 0 when /livez says 200, else 1."""

from __future__ import annotations

import http.client
import sys

PORT = 8000
TIMEOUT_SECONDS = 3.0


def is_alive(port: int = PORT, timeout_seconds: float = TIMEOUT_SECONDS) -> bool:
    """Tell whether `/livez` on *port* of this container answers 200 within *timeout_seconds*.

    `http.client` rather than `urllib`: it never goes through a proxy of the environment.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    # Docker reserves every code but 0 and 1; its reference, HEALTHCHECK.
    sys.exit(0 if is_alive(*map(int, sys.argv[1:2])) else 1)
