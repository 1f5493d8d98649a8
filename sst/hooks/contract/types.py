"""The frozen values that cross the border between the core and a plugin; add-only."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pydantic import SecretStr

    from sst.db.url import DatabaseUrl


class Veto(Exception):  # noqa: N818 - the contract's word; it is a decision, not a fault
    """Raise it in a gate or a command to refuse: one line of reason, one line of what to do.

    *code* is a stable word for machines, `error.code` in `--json`; without one it is the core's.
    """

    def __init__(self, reason: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.code = code


class Direction(StrEnum):
    """Which way a run moves the schema."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file, as a plugin sees it."""

    id: str
    down_revisions: tuple[str, ...]
    description: str
    path: Path | None = None
    branch_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as its plugin made it; a gate returns it from `pre_migrate`."""

    id: str
    uri: str
    """Where it lies; without credentials."""
    size_bytes: int
    sha256: str
    verified: bool
    restore_command: str = ""
    """The words behind `python migrate.py` that restore it, such as `restore ID`.

    A failed run names them; empty when no plugin contributes such a command.
    """
    proven: str = ""
    """How far: `restored` and compared, `read` back, or `no`; empty when the plugin is silent."""
    warnings: tuple[str, ...] = ()
    """Obstacles to a restore, a line each, with the remedy; the run shows and records them."""

    def to_dict(self) -> dict[str, Any]:
        """Return the object that `--json` prints under `backup`."""
        return {
            "id": self.id,
            "uri": self.uri,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "verified": self.verified,
            "proven": self.proven or None,
        }


class Inspection(Protocol):
    """A read-only look at the database, for checks; a context manager that closes it."""

    def __enter__(self) -> Self:
        """Return the inspection itself."""

    def __exit__(self, *exc_info: object) -> None:
        """Give the connection back."""

    @property
    def current(self) -> tuple[str, ...]:
        """The revisions in the version table, read now."""

    @property
    def expected(self) -> tuple[str, ...]:
        """The heads of this code's revision files."""

    @property
    def pending(self) -> tuple[str, ...]:
        """The revisions between *current* and *expected*, in the order they would run."""

    @property
    def state(self) -> str:
        """`up_to_date`, `pending`, `empty`, `ahead`, `diverged` or `interrupted`."""

    @property
    def brought_by(self) -> str | None:
        """The run and the code that brought the database ahead; None when it is not on record."""

    @property
    def version_table(self) -> str:
        """The table of the current revisions, with its schema: `public.alembic_version`."""

    @property
    def needed_backups(self) -> frozenset[str]:
        """The ids of the backups of runs that have not ended well, since the last one that did."""

    def fetch(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql*; parameters are named `:like_this`."""

    def differences(self) -> tuple[str, ...] | None:
        """Return what differs between the models and the schema, a line each.

        None when the project declares no models to compare with.
        """


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is about to touch, is touching, or has touched the database."""

    id: str
    command: str
    """`upgrade` or `downgrade`."""
    direction: Direction
    target: str
    """The target as the operator wrote it."""
    environment: str
    database: str
    """The database without its password: `postgresql://user@host:5432/name`."""
    before: tuple[str, ...]
    """The database's heads before the run; empty for an empty database."""
    after: tuple[str, ...]
    """The heads that the plan leads to."""
    plan: tuple[Revision, ...]
    """The revisions to run, in order."""
    started_at: datetime
    project_root: Path
    database_url: DatabaseUrl = field(repr=False)
    """For a tool that must connect itself; prints without its password."""
    inspect: Callable[[], Inspection] = field(repr=False, compare=False)
    """Return a read-only look at the database on a connection of its own."""
    aside: Callable[[], AbstractContextManager[None]] = field(
        default=nullcontext, repr=False, compare=False
    )
    """For a `pre_migrate` gate: close every connection of the core while the body lasts.

    A database that others are connected to can be neither copied nor renamed. Signals wait. The
    run's lock is taken again afterwards, and the run is refused when the database has moved.
    """
    redis_url: SecretStr | None = field(default=None, repr=False)
    """REDIS_URL of the settings."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed, for `migrate_failed`."""

    code: str
    message: str
    phase: str
    """`pre_migrate`, `pre_revision`, `revision`, `post_migrate`, `check` or `interrupted`."""
    revision: str | None = None
    plugin: str | None = None
    sqlstate: str | None = None
    committed: tuple[str, ...] = ()
    """Revisions of this run that are committed."""
    backup: Backup | None = None


class EventKind(StrEnum):
    """The kinds of events that `notify` gets."""

    RUN_STARTED = "run_started"
    NOTHING_TO_DO = "nothing_to_do"
    REVISION_APPLIED = "revision_applied"
    RUN_SUCCEEDED = "run_succeeded"
    RUN_FAILED = "run_failed"
    RUN_REFUSED = "run_refused"
    RUN_RESTORED = "run_restored"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and is already on record; holds no secret."""

    kind: EventKind
    run_id: str | None
    command: str
    environment: str
    database: str
    message: str
    """One line a person can read."""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    revision: str | None = None
    error_code: str | None = None
    duration_ms: int | None = None
    backup: Backup | None = None

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
        }


def rfc3339(moment: datetime) -> str:
    """Return *moment* as RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class CheckStatus(StrEnum):
    """The outcome of one check; only `fail` changes an exit code or a status code."""

    PASS = "pass"  # noqa: S105 - a status, not a password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Stage(StrEnum):
    """When a check is asked."""

    CHECK = "check"
    """By `migrate.py check` and by `/health`."""
    RUN = "run"
    """After the last commit of a run."""
    READY = "ready"
    """By `/readyz`: must be cheap."""


ALL_STAGES: frozenset[Stage] = frozenset(Stage)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check."""

    status: CheckStatus
    detail: str = ""
    """One line; says what to do when it failed."""
    code: str | None = None
    """A stable word for machines, such as `drift`."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question about the database, asked with a deadline of its own."""

    name: str
    run: Callable[[Inspection], CheckResult]
    stages: frozenset[Stage] = ALL_STAGES
    timeout_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Migrations:
    """A plugin's own revisions: a folder of files under a branch label of its own."""

    path: Path
    branch_label: str
    metadata: Sequence[Any] = ()
    """SQLAlchemy MetaData of the plugin's tables, for autogenerate; it may name the project's."""
