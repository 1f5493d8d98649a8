"""Report every event: one log line, a POST to a webhook, and a mail, where they are set.

- `channels/`: the ways out: a webhook, a mail server
- `delivery.py`: an event on every way that is set, within one deadline
- `log_line.py`: an event as one line of the log
- `message/`: an event as people read it, in the form of each receiver
- `settings.py`: all settings
- `smtp_url.py`: the address of a mail server
"""

from __future__ import annotations

import logging

from sst.hooks import Event, EventKind, cacheable, hookimpl

from .log_line import as_log_line
from .settings import Config

__all__ = ["Config", "Plugin"]

logger = logging.getLogger("sst.notify")

_LEVELS = {
    EventKind.RUN_FAILED: logging.WARNING,
    EventKind.RUN_REFUSED: logging.WARNING,
    EventKind.RUN_UNHEALTHY: logging.WARNING,
    EventKind.ROLLOUT_FAILED: logging.WARNING,
    # The core has logged it: once is enough.
    EventKind.REVISION_APPLIED: logging.DEBUG,
}
_FAILURES = frozenset(
    {EventKind.RUN_FAILED, EventKind.RUN_REFUSED, EventKind.RUN_UNHEALTHY, EventKind.RUN_RESTORED}
)


class Plugin:
    """Log every event and deliver it to whoever the settings name."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cacheable
    @hookimpl
    def notify(self, event: Event) -> None:
        """Log *event* and deliver it; raise `DeliveryError` when one receiver did not take it."""
        if self._config.events and event.kind not in self._config.events:
            return
        level = _LEVELS.get(event.kind, logging.INFO)
        # A terminal has it in the command's own result.
        logger.log(level, "%s", as_log_line(event.to_dict()), extra={"screen": False})
        if self._config.has_receivers and self._is_told(event):
            from .delivery import deliver

            deliver(event, self._config)

    def _is_told(self, event: Event) -> bool:
        """Say whether *event* goes out; of one database of a rollout the end tells as well."""
        if not event.is_one_of_many or self._config.rollouts == "all":
            return True
        return self._config.rollouts == "failures" and event.kind in _FAILURES
