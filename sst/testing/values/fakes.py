"""Stand-ins for what the core hands to a plugin: small, in memory, and they remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sst.db.url import DatabaseUrl
from sst.hooks.contract.fleet.jobs import Answer
from sst.hooks.contract.run import Backup, Veto, default_settings

if TYPE_CHECKING:
    from sst.config.sources.target import Target
    from sst.hooks.contract.fleet.jobs import Job
    from sst.hooks.contract.settings_view import SettingsView

Rows = Sequence[tuple[Any, ...]]
_URL = "postgresql://app@db.example:5432/app"


@dataclass
class FakeInspection:
    """A look at a database that holds *rows*: by the words of a query, what it returns.

    `FakeInspection({"from site": [(3,)]})` answers every query with these words in it; another
    query returns nothing. *asked* remembers the queries, *is_closed* that it was given back.
    """

    rows: Mapping[str, Rows] = field(default_factory=dict)
    current: tuple[str, ...] = ("a1",)
    expected: tuple[str, ...] = ("a1",)
    pending: tuple[str, ...] = ()
    state: str = "up_to_date"
    brought_by: str | None = None
    models: tuple[str, ...] | None = ()
    """The answer of `differences`."""
    version_table: str = "public.alembic_version"
    needed_backups: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    is_closed: bool = False
    schema: str = ""

    def __enter__(self) -> Self:
        """Return the inspection itself."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Remember that it was given back."""
        self.is_closed = True

    def fetch(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows that belong to *sql*."""
        del parameters
        self.asked.append(sql)
        return _rows_of(self.rows, sql)

    def differences(self) -> tuple[str, ...] | None:
        """Return *models*."""
        return self.models


@dataclass
class FakeDatabase:
    """The statements of a run: `a_run(fetch=database.fetch, execute=database.execute)`.

    It holds *rows*, as a `FakeInspection` does. *asked* remembers the queries, *executed* what
    was written, each time with its parameters.
    """

    rows: Mapping[str, Rows] = field(default_factory=dict)
    changed: int = 1
    """The answer of `execute`."""
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    executed: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def fetch(self, sql: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows that belong to *sql*."""
        self.asked.append((sql, parameters))
        return _rows_of(self.rows, sql)

    def execute(self, sql: str, /, **parameters: Any) -> int:
        """Remember *sql*, and return *changed*."""
        self.executed.append((sql, parameters))
        return self.changed


@dataclass
class FakeLockedWork:
    """Work under a lock that no other session wants; what is put on record is kept in lists."""

    id: str = "run-1"
    heads: tuple[str, ...] = ("a1",)
    environment: str = "testing"
    project_root: Path = field(default_factory=Path)
    database_url: DatabaseUrl = field(default_factory=lambda: DatabaseUrl(_URL))
    inspect: Callable[[], FakeInspection] = FakeInspection
    steps: list[str] = field(default_factory=list)
    """The calls, in order: `alone`, `aside`, `back`, `copied the record`, `restored: ...`."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Remember that it began."""
        self.steps.append("alone")
        yield

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Remember when the body began and ended."""
        self.steps.append("aside")
        try:
            yield
        finally:
            self.steps.append("back")

    def copy_record(
        self, url: DatabaseUrl, *, heads: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Remember it; the copy is at *heads*, else where this database is."""
        found = self.heads if heads is None else heads
        self.steps.append(f"copied the record to {url} at {', '.join(found)}")
        return found

    def made(self, backup: Backup) -> None:
        """Remember it."""
        self.steps.append(f"made: {backup.id}")

    def restored(self, message: str, *, heads: tuple[str, ...], backup: Backup | None) -> None:
        """Remember it."""
        del heads, backup
        self.steps.append(f"restored: {message}")


@dataclass
class FakeEngine:
    """An engine that answers each job at once, with *exit_code*; *jobs* remembers them."""

    exit_code: int | None = 0
    free: int = 100
    jobs: list[Job] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    """The calls beside jobs, in order: `withdraw`, `interrupt: 15`, `close`."""
    _unsaid: list[Answer] = field(default_factory=list)

    def begin(self, job: Job) -> None:
        """Take *job*."""
        self.jobs.append(job)
        self._unsaid.append(Answer(job, self.exit_code))

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Return what has not been returned yet."""
        del timeout_seconds
        found, self._unsaid = self._unsaid, []
        return found

    def withdraw(self) -> None:
        """Remember it."""
        self.steps.append("withdraw")

    def interrupt(self, signal_number: int) -> None:
        """Remember it."""
        self.steps.append(f"interrupt: {signal_number}")

    def close(self) -> None:
        """Remember it."""
        self.steps.append("close")


@dataclass
class FakeCommandContext:
    """The context of a command: `runner.invoke(command, words, obj=FakeCommandContext())`.

    The operator's answer is *confirmed*; the work that `locked` hands over is *work*.
    """

    environment: str = "testing"
    project_root: Path = field(default_factory=Path)
    database_url: DatabaseUrl = field(default_factory=lambda: DatabaseUrl(_URL))
    as_json: bool = False
    inspect: Callable[[], FakeInspection] = FakeInspection
    confirmed: bool = True
    work: FakeLockedWork = field(default_factory=FakeLockedWork)
    steps: list[str] = field(default_factory=list)
    """The requests, in order: `confirm: ACTION`, `locked: COMMAND TARGET`."""
    x: Mapping[str, str] = field(default_factory=dict)
    settings: SettingsView = field(default_factory=default_settings)
    loss: list[str] = field(default_factory=list)
    """The lines that `confirm` was to show before its question."""
    listed: Sequence[Target] = ()
    """The answer of `targets`."""
    engine: FakeEngine = field(default_factory=FakeEngine)
    """The answer of `local_engine`."""
    schema: str = ""

    def confirm(self, action: str, given: str | None, loss: Sequence[str] = ()) -> None:
        """Raise `Veto` unless *confirmed* or the right name was *given*."""
        self.steps.append(f"confirm: {action}")
        self.loss += loss
        if not self.confirmed and given != "app":
            raise Veto(f"{action} was not confirmed", "give --confirm app")

    def targets(self) -> Sequence[Target]:
        """Return *listed*."""
        return self.listed

    @contextmanager
    def local_engine(self, most: int) -> Iterator[FakeEngine]:
        """Hand *engine* over, which takes so many jobs, and close it."""
        self.engine.free = most
        yield self.engine
        self.engine.close()

    @contextmanager
    def locked(
        self,
        command: str,
        target: str,
        *,
        lock_wait_seconds: float | None = None,
        on_record: bool = True,
        allow_environment_change: bool = False,
        must_record: bool = True,
    ) -> Iterator[FakeLockedWork]:
        """Hand *work* over, and remember it."""
        del lock_wait_seconds, on_record, allow_environment_change, must_record
        self.steps.append(f"locked: {command} {target}")
        yield self.work


def _rows_of(rows: Mapping[str, Rows], sql: str) -> list[tuple[Any, ...]]:
    """Return those of *rows* whose words are in *sql*."""
    spoken = " ".join(sql.lower().split())
    return list(next((found for words, found in rows.items() if words.lower() in spoken), ()))
