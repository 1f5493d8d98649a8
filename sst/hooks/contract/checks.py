"""Checks of the database, their results, and the look at it that they get; add-only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable


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
    def schema(self) -> str:
        """The one schema that is looked at; empty for the whole database."""

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
class CheckResult:
    """The result of a check."""

    status: CheckStatus
    detail: str = ""
    """One line; says what to do when it failed."""
    code: str | None = None
    """A stable word for machines, such as `drift`."""
    items: tuple[str, ...] = ()
    """All that *detail* counts, where it names the first ones."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question about the database, asked with a deadline of its own."""

    name: str
    run: Callable[[Inspection], CheckResult]
    stages: frozenset[Stage] = ALL_STAGES
    timeout_seconds: float = 5.0
    cacheable: bool = False
    """Whether the answer comes of nothing but its code, settings and files, and of what the
    database's catalogue and the record of runs say: `check` may then give it again, unasked, while
    all of that is as it was. One that reads a table's rows, a clock or another system is not."""
