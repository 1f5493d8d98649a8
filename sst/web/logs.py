"""The server's loggers: through the application's handler, without lines for healthy probes."""

from __future__ import annotations

import logging
from http import HTTPStatus

QUIET_PATHS = frozenset({"/livez", "/readyz", "/health", "/metrics"})
"""Asked every few seconds by a machine; a line for each success would bury the rest."""

_ACCESS_FIELDS = 5


class QuietProbes(logging.Filter):
    """Drop the access line of a probe that was answered with 200; keep every other."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether *record*, uvicorn's (client, method, path, version, status), stays."""
        fields = record.args
        if not isinstance(fields, tuple) or len(fields) != _ACCESS_FIELDS:
            return True
        path = str(fields[2]).partition("?")[0]
        return path not in QUIET_PATHS or fields[4] != HTTPStatus.OK


_quiet_probes = QuietProbes()


def quiet_probes() -> None:
    """Drop healthy probes from uvicorn's access log; doing it twice changes nothing."""
    logging.getLogger("uvicorn.access").addFilter(_quiet_probes)


def adopt_server_loggers() -> None:
    """Send uvicorn's lines to the root handler, where secrets are redacted.

    Uvicorn gives its loggers handlers of their own before it imports the application;
    a traceback printed there would pass no filter of ours.
    """
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
