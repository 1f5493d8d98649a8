"""What happened, in the words of a title."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sst.hooks import ConfigError, DatabaseUrl, EventKind

from .texts import one_line

if TYPE_CHECKING:
    from sst.hooks import Event


class Level(StrEnum):
    """How a message is meant; each form has its colour or sign for it."""

    NEWS = "news"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


LEVELS = {
    EventKind.RUN_STARTED: Level.NEWS,
    EventKind.NOTHING_TO_DO: Level.NEWS,
    EventKind.REVISION_APPLIED: Level.NEWS,
    EventKind.RUN_SUCCEEDED: Level.GOOD,
    EventKind.RUN_FAILED: Level.BAD,
    EventKind.RUN_REFUSED: Level.WARNING,
    EventKind.RUN_UNHEALTHY: Level.BAD,
    EventKind.RUN_RESTORED: Level.WARNING,
    EventKind.STAMPED: Level.NEWS,
    EventKind.ROLLOUT_SUCCEEDED: Level.GOOD,
    EventKind.ROLLOUT_FAILED: Level.BAD,
}
_HAPPENED = {
    EventKind.RUN_STARTED: "started",
    EventKind.NOTHING_TO_DO: "had nothing to do",
    EventKind.RUN_SUCCEEDED: "succeeded",
    EventKind.RUN_FAILED: "failed",
    EventKind.RUN_REFUSED: "was refused",
    EventKind.RUN_UNHEALTHY: "is done, but a check failed afterwards",
    EventKind.ROLLOUT_SUCCEEDED: "succeeded",
    EventKind.ROLLOUT_FAILED: "failed",
}
_INTERRUPTED = "interrupted"


def title_of(event: Event) -> str:
    """Return one line: `production: upgrade failed in revision 3f2a (shop at db.internal)`.

    Where the database is one of many, its name as a target is before it: `acme: shop at ...`.
    """
    where = ": ".join(filter(None, (event.target, _where(event.database))))
    place = f" ({where})" if where else ""
    return one_line(f"{event.environment}: {_happened(event)}{place}")


def _happened(event: Event) -> str:
    if event.kind is EventKind.REVISION_APPLIED:
        verb = "reverted" if event.command == "downgrade" else "applied"
        return f"revision {event.revision} {verb}"
    if event.kind is EventKind.RUN_RESTORED:
        return "the database was restored from a backup"
    if event.kind is EventKind.STAMPED:
        return "the database was stamped, no revision was run"
    is_interrupted = event.error_code == _INTERRUPTED
    verb = "was interrupted" if is_interrupted else _HAPPENED.get(event.kind, event.kind.value)
    is_in_revision = event.revision and event.kind is EventKind.RUN_FAILED
    command = event.command if event.database else f"{event.command} of many databases"
    return f"{command} {verb}{f' in revision {event.revision}' if is_in_revision else ''}"


def _where(database: str) -> str:
    """Return `shop at db.internal`; the name alone where the server is on this machine."""
    try:
        url = DatabaseUrl(database)
    except ConfigError:
        return database
    is_remote = url.host and not url.host.startswith("/")
    return f"{url.name} at {url.host}" if is_remote else url.name
