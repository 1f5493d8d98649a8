"""A run as its plugins see it: what it is about, its backup, its failure; add-only."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from sst.errors import SstError
from sst.text import proven_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from pydantic import SecretStr
    from sqlalchemy.engine import Engine

    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.checks import Inspection
    from sst.hooks.contract.revisions import Direction, Revision
    from sst.hooks.contract.settings_view import SettingsView


class Veto(Exception):  # noqa: N818 - the contract's word; it is a decision, not a fault
    """Raise it in a gate or a command to refuse: one line of reason, one line of what to do.

    *code* is a stable word for machines, `error.code` in `--json`; without one it is the core's.
    """

    def __init__(self, reason: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.code = code


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
    """How far: `restored` and compared, `read` back, `no`, or a word of the plugin's own, which is
    shown as it is; empty when the plugin is silent."""
    warnings: tuple[str, ...] = ()
    """Obstacles to a restore, a line each, with the remedy; the run shows and records them."""

    @property
    def proof(self) -> str:
        """How far it is proven, in words; of a silent plugin whether it is verified."""
        return proven_text(self.proven or ("yes" if self.verified else "no"))

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


class StatementFailedError(SstError, code="statement_failed"):
    """A statement of `Run.fetch` or `Run.execute` failed; nothing of it is committed."""

    sqlstate: str | None = None
    """The server's code; None when the error is not the server's."""


class Fetch(Protocol):
    """Reads from the run's database."""

    def __call__(self, sql: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql*; parameters are named `:like_this`."""


class Execute(Protocol):
    """Writes into the run's database."""

    def __call__(self, sql: str, /, **parameters: Any) -> int:
        """Execute *sql*, commit, and return the number of its rows."""


def _not_given(name: str) -> Callable[..., Any]:
    """Return what stands for *name* in a run that somebody has made without it."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise LookupError(f"this run was made without {name}: give it one, as {name}=...")

    return refuse


def default_settings() -> SettingsView:
    """Return what stands for the settings in a run that somebody has made without them."""
    from sst.config import Settings
    from sst.hooks.contract.settings_view import SettingsView

    return SettingsView.of(Settings())


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
    settings: SettingsView = field(default_factory=default_settings, repr=False, compare=False)
    """Settings of the platform and, below `app`, of the application: `run.settings.log_level`.

    Secrets are not among them.
    """
    x: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, hash=False
    )
    """The `-x key=value` of the command line, which env.py gets as Alembic's x arguments.

    The last one of a key counts; `-x key` alone is an empty text.
    """
    note: Callable[[str, Any], None] = field(default=_not_given("note"), repr=False, compare=False)
    """`run.note("tables", 3)` puts a value on the run's record; `runs show` has it in `notes`.

    The value is of JSON's types; a second note under a key replaces the first. It is kept under
    the plugin's name, without secrets, and written at once: a run that fails or is killed has it.
    Notes of one plugin are 64 KiB at most. Those made in `aside` are written after it,
    those of `plan` and `check` are dropped.
    Raises `TypeError` or `ValueError`, which say what to write instead.
    """
    fetch: Fetch = field(default=_not_given("fetch"), repr=False, compare=False)
    """`run.fetch("select id from site where name = :name", name="x")` returns rows, as tuples.

    It reads only, on a connection of its own to the migration's database, closed afterwards,
    with the timeouts `migrate.lock_timeout` and `migrate.statement_timeout`.
    Raises `StatementFailedError`, or `DatabaseUnreachableError`.
    """
    execute: Execute = field(default=_not_given("execute"), repr=False, compare=False)
    """`run.execute("delete from site where name = :name", name="x")` returns the number of rows.

    It commits by itself, on a connection like that of `fetch`: what it wrote stays when the run
    fails. In `plan` and `check`, which change nothing, it and `engine` refuse.
    """
    engine: Callable[[], Engine] = field(default=_not_given("engine"), repr=False, compare=False)
    """Return an SQLAlchemy engine without a pool, for more than one statement.

    Its connections have the same timeouts. Close them: those that are open when the run ends
    are ended, with a warning.
    """


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed, for `migrate_failed`."""

    code: str
    message: str
    phase: str
    """`lint`, `review_plan`, `pre_migrate`, `pre_revision`, `in_revision`, `revision`,
    `post_migrate`, `check` or `interrupted`."""
    revision: str | None = None
    plugin: str | None = None
    sqlstate: str | None = None
    committed: tuple[str, ...] = ()
    """Revisions of this run that are committed."""
    backup: Backup | None = None
    file: str | None = None
    """The revision's file, relative to the project, and the line of it that was at work."""
    line: int | None = None
    statement: str | None = None
    """The statement that failed, in one line; its literals are `?`."""
