"""The context and the result of a plugin's own command; add-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import click

    from sst.config.sources.target import Target
    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.checks import Inspection
    from sst.hooks.contract.fleet.engines import Engine
    from sst.hooks.contract.run import Backup
    from sst.hooks.contract.settings_view import SettingsView

_ON_MANY = "sst_works_on_many"
C = TypeVar("C", bound="click.Command")


def works_on_many(command: C) -> C:
    """Return *command*, which takes `--all`, `--targets` and `--label` from here on.

    The core calls it once for each database, in processes of its own, and makes one report of the
    results. It is for a command that works on one database and asks nothing.
    """
    setattr(command, _ON_MANY, True)
    return command


def does_work_on_many(command: click.Command) -> bool:
    """Say whether *command* was given to `works_on_many`."""
    return getattr(command, _ON_MANY, False)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a plugin's command; the core prints it, as text or as one JSON object."""

    text: str = ""
    """For a person, without a newline at its end; printed as it is."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready values; with `--json` they stand beside the keys that every command has."""
    backup: Backup | None = None
    run_id: str | None = None
    warnings: tuple[str, ...] = ()
    rows: Sequence[Sequence[str]] = ()
    """For a person, below *text*: neighbours with as many fields are one table.

    A terminal has it in columns that fit its width, everything else with a tab between two fields.
    """


class CommandContext(Protocol):
    """The context of a plugin's command; `@click.pass_obj` hands it over."""

    @property
    def environment(self) -> str:
        """The environment's name."""

    @property
    def project_root(self) -> Path:
        """The folder that relative paths in settings start from."""

    @property
    def database_url(self) -> DatabaseUrl:
        """Where migrations go; prints without its password. Asking for it may start a server."""

    @property
    def schema(self) -> str:
        """The one schema of the database that is the target; empty for the whole database."""

    @property
    def settings(self) -> SettingsView:
        """Settings of the platform and, below `app`, of the application; no secrets."""

    @property
    def as_json(self) -> bool:
        """Whether `--json` was given: nothing but the result belongs on stdout."""

    @property
    def x(self) -> Mapping[str, str]:
        """The `-x key=value` of the command line; see `Run.x`."""

    def inspect(self) -> Inspection:
        """Return a read-only look at the database on a connection of its own."""

    def targets(self) -> Sequence[Target]:
        """Return the databases that one call can work on, read anew each time.

        Raises an error with exit 2 for a list with faults, and one with exit 75 for a catalogue
        that does not answer.
        """

    def local_engine(self, most: int) -> AbstractContextManager[Engine]:
        """Return the engine of this machine: up to *most* processes, each at one database.

        They have the settings, plugins and revision files of this call, and run a command as
        `--target NAME` does.
        """

    def confirm(self, action: str, given: str | None, loss: Sequence[str] = ()) -> None:
        """Return when the operator has written the database's name.

        *action* says what for, such as `restore 20261122T143000Z-shop-7e01e1`; *given* is the
        command's `--confirm NAME`. Without it the terminal is asked. *loss* is shown before the
        question, a line each: what is lost, with its rows or its age.
        Raises an error with exit 5 otherwise, with the database untouched.
        """

    def locked(
        self,
        command: str,
        target: str,
        *,
        lock_wait_seconds: float | None = None,
        on_record: bool = True,
        allow_environment_change: bool = False,
        must_record: bool = True,
    ) -> AbstractContextManager[LockedWork]:
        """Hold the run's lock for the body: no migration runs meanwhile.

        With *on_record* a row of the ledger says `running` until the body ends; *command* and
        *target* are its words. What the body raises is its outcome; what a signal raises there
        may pass through with a note (`add_note`) that says what the command has changed.
        Without *must_record* the record is only written where there is one that this role may
        write, and never made for the work.
        Raises an error with exit 75 when the lock stays busy, and one with exit 5 when the
        database was last run in another environment, unless *allow_environment_change*.
        """


class LockedWork(Protocol):
    """Work on the database under the run's lock, on record like a run."""

    @property
    def id(self) -> str:
        """The run id."""

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions that the database is at, read under the lock."""

    @property
    def environment(self) -> str:
        """The environment's name."""

    @property
    def project_root(self) -> Path:
        """The folder that relative paths in settings start from."""

    @property
    def database_url(self) -> DatabaseUrl:
        """The database of this work; prints without its password."""

    def inspect(self) -> Inspection:
        """Return a read-only look at the database on a connection of its own."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every run in this database out for the body, whatever Alembic project it is of.

        Runs that are at work are waited for, as long as for the lock; raises an error with exit
        75 that names one. It holds up to the end of the first `aside` in the body, which leaves
        one session of the core open: the lock lives in it until whoever closes the database to
        connections has ended it.
        """

    def aside(self) -> AbstractContextManager[None]:
        """Close every connection of the core to the database for the body; signals wait.

        The lock goes with them, unless the work is `alone`. Afterwards the core connects again,
        to whatever database has the name then, and takes the lock again.
        """

    def copy_record(
        self, url: DatabaseUrl, *, heads: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Carry the ledger over into the database of *url*, which is to take this one's place.

        There this work is written as succeeded, at *heads*: when the names are swapped, the
        record is complete in the same moment. Without *heads* they are read there.

        Returns the heads.
        """

    def made(self, backup: Backup) -> None:
        """Put on record that this work has made *backup*; `status` names the newest one.

        Nothing is written for work that is not on record.
        """

    def restored(self, message: str, *, heads: tuple[str, ...], backup: Backup | None) -> None:
        """Put on record, and tell the observers, that the database is at *heads* of *backup*."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore, for `migrate.on_failure = "restore"` and for its command."""

    backup_id: str
    heads: tuple[str, ...]
    kept_as: str | None
    """The name under which the database of before is kept; None when it was dropped."""
    cut_off_ms: int
    """How long connections to the database were refused."""
    message: str
    """One line a person can read."""
