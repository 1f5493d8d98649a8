"""Events that `notify` gets; add-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sst.hooks.contract.run import Backup


class EventKind(StrEnum):
    """The kinds of events that `notify` gets."""

    RUN_STARTED = "run_started"
    NOTHING_TO_DO = "nothing_to_do"
    REVISION_APPLIED = "revision_applied"
    RUN_SUCCEEDED = "run_succeeded"
    RUN_FAILED = "run_failed"
    RUN_REFUSED = "run_refused"
    RUN_UNHEALTHY = "run_unhealthy"
    RUN_RESTORED = "run_restored"
    STAMPED = "stamped"
    ROLLOUT_SUCCEEDED = "rollout_succeeded"
    ROLLOUT_FAILED = "rollout_failed"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and is already on record; holds no secret."""

    kind: EventKind
    run_id: str | None
    command: str
    environment: str
    database: str
    """Its URL without the password; empty at the end of a rollout, which is on many."""
    message: str
    """One line a person can read."""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    revision: str | None = None
    error_code: str | None = None
    duration_ms: int | None = None
    backup: Backup | None = None
    file: str | None = None
    """Of a run that failed the revision's file, relative to the project, and the line of it."""
    line: int | None = None
    statement: str | None = None
    """The statement that failed, in one line; its literals are `?`."""
    why: str | None = None
    """Of bad news the reason, in lines for a person."""
    next_step: str | None = None
    """Of bad news what to do, such as the command that restores the backup."""
    actor: str | None = None
    """Who ran the command, as the operating system has it: `user@host`."""
    target: str | None = None
    """The name of the target that the run was on, where it was on one of many databases."""
    is_one_of_many: bool = False
    """Whether it is of one database of a rollout, which has an event of its own at its end."""

    def to_dict(self) -> dict[str, Any]:
        """Return the event as JSON-ready values; times are RFC 3339 in UTC."""
        return {
            "schema_version": 1,
            "event": self.kind.value,
            "run_id": self.run_id,
            "command": self.command,
            "environment": self.environment,
            "database": self.database,
            "message": self.message,
            "at": rfc3339(self.at),
            "before": list(self.before),
            "after": list(self.after),
            "revision": self.revision,
            "error_code": self.error_code,
            "duration_ms": self.duration_ms,
            "backup": self.backup.to_dict() if self.backup else None,
            "file": self.file,
            "line": self.line,
            "statement": self.statement,
            "why": self.why,
            "next_step": self.next_step,
            "actor": self.actor,
            "target": self.target,
            "one_of_many": self.is_one_of_many,
        }


def rfc3339(moment: datetime) -> str:
    """Return *moment* as RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
