"""One Alembic project: its revisions, its env.py, and the steps between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import column, insert, inspect, select, table

from sst.bridge.env_py.database_identity import id_length, identity_of
from sst.bridge.env_py.facts import observed, the_one_of
from sst.bridge.env_py.passage import Attempt, Passage, RevisionObserver
from sst.bridge.env_py.runner import EnvironmentRunner
from sst.bridge.env_py.sql_preview import OfflineRun
from sst.bridge.history import plan
from sst.bridge.history.history import History
from sst.bridge.history.stamps import (
    applied_at,
    heads_of,
    heads_to_write,
    stamp_target,
    steps_between,
)
from sst.bridge.location.branches import Branch, require_apart
from sst.bridge.location.find import locate
from sst.bridge.models import compare
from sst.bridge.new_revision.write import RevisionWriter
from sst.bridge.statements.committed import Footprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from alembic.runtime.migration import MigrationContext, StampStep
    from sqlalchemy import TableClause
    from sqlalchemy.engine import Connection

    from sst.bridge.location.find import LocationSettings
    from sst.bridge.location.location import Location
    from sst.bridge.new_revision.written import WrittenRevision
    from sst.bridge.values.steps import EnvFacts, Step, StepSql
    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.revisions import Direction, Revision


class AlembicProject:
    """One Alembic project, its revision files read once.

    Connections that are handed in come back outside a transaction.
    """

    def __init__(
        self,
        location: Location,
        history: History,
        runner: EnvironmentRunner,
        ignored: Sequence[str] = (),
    ) -> None:
        self._location = location
        self._history = history
        self._runner = runner
        self._ignored = ignored

    @classmethod
    def open(
        cls,
        root: Path,
        settings: LocationSettings,
        branches: Sequence[Branch] = (),
        ignore_tables: Sequence[str] = (),
        x: Sequence[str] = (),
    ) -> AlembicProject:
        """Read the project that *settings* point at, with the *branches* of plugins.

        Tables that the patterns *ignore_tables* name are never compared with the models.
        *x* are the x arguments that its env.py gets, such as `tenant=a`.

        Raises `ConfigError` when it cannot be found or two branches cannot be told apart,
        `BrokenHistoryError` when a revision file is broken, missing or there twice.
        """
        require_apart(branches)
        location = replace(locate(root, settings).with_folders(branches), x=tuple(x))
        history = History(location, branches)
        return cls(location, history, EnvironmentRunner(location, history), ignore_tables)

    @property
    def heads(self) -> tuple[str, ...]:
        """The rows of the version table when everything is applied, sorted."""
        return self._history.database_heads

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that configure the project: its ini file and env.py, as far as known."""
        return self._location.files

    @property
    def ignored_tables(self) -> Sequence[str]:
        """The patterns of tables outside every comparison; see `is_named`."""
        return self._ignored

    @property
    def line_heads(self) -> tuple[str, ...]:
        """The ends of all lines of revisions, also of those that another one depends on."""
        return self._history.heads

    def revisions(self) -> tuple[Revision, ...]:
        """Return every revision, a revision after the ones that it builds on."""
        return self._history.revisions

    def knows(self, revision: str) -> bool:
        """Return whether a file holds the revision with this full id."""
        return revision in self._history.ids

    def branch_of(self, revision: Revision) -> Branch | None:
        """Return the plugin's branch that *revision* belongs to; None for the project's own."""
        return self._history.branch_of(revision.id)

    def facts(self, connection: Connection, url: DatabaseUrl) -> EnvFacts:
        """Run env.py with nothing to apply, and return what it did; no table is created.

        Raises `ConfigError` when env.py fails or migrates our database more than once,
        `HeadsUnchangedError` when it never gets to `context.run_migrations()`, the driver's error
        when it cannot connect.
        """
        ours = identity_of(connection)
        found: list[EnvFacts] = []

        def look(_: Sequence[str], context: MigrationContext) -> tuple[()]:
            facts = observed(context, connection, ours, is_one_schema=bool(url.schema))
            found.append(facts)
            return ()

        self._runner.run(look, url=url, connection=connection, dont_mutate=True)
        return the_one_of(found)

    def current(self, connection: Connection, facts: EnvFacts) -> tuple[str, ...]:
        """Return the database's heads, sorted, read from the version table on *connection*."""
        try:
            if not inspect(connection).has_table(facts.version_table, schema=facts.version_schema):
                return ()
            version = _versions(facts).c.version_num
            return tuple(sorted(set(connection.scalars(select(version)))))
        finally:
            connection.rollback()

    def write_heads(self, connection: Connection, facts: EnvFacts, heads: Sequence[str]) -> None:
        """Add *heads* to the version table, which has no row; no revision file is asked."""
        if heads:
            rows = [{"version_num": head} for head in heads]
            connection.execute(insert(_versions(facts)), rows)
            connection.commit()

    def id_length(self, connection: Connection, facts: EnvFacts) -> int:
        """Return how many characters of an id the version table holds.

        An env.py that widens the column whenever it runs is taken at its word.
        """
        found = id_length(connection, facts.version_table, facts.version_schema)
        connection.rollback()
        return max(found or 0, facts.id_length)

    def plan(
        self, target: str, current: tuple[str, ...], direction: Direction
    ) -> tuple[Step, ...]:
        """Return the steps from the heads *current* to *target*; empty when it is reached.

        Raises `UsageError`, `RevisionNotFoundError`, `AmbiguousRevisionError`,
        `SeveralHeadsError` or `DatabaseAheadError`.
        """
        return plan.plan(self._history, target, current, direction)

    def apply(
        self,
        step: Step,
        connection: Connection,
        url: DatabaseUrl,
        *,
        session_settings: Mapping[str, str],
        on_backend: Callable[[int], None] | None = None,
        footprint: Footprint | None = None,
    ) -> None:
        """Run one revision by itself; see `Passage.run`.

        An env.py that commits nothing cannot be noticed here: read `current` afterwards.
        """
        one = Attempt(step, session_settings, footprint or Footprint())
        observer = RevisionObserver(on_backend) if on_backend else RevisionObserver()
        self.passage(connection, url, observer).run(one, _nothing_more)

    def passage(
        self,
        connection: Connection,
        url: DatabaseUrl,
        observer: RevisionObserver | None = None,
    ) -> Passage:
        """Return the way through a chain of revisions on *connection*, watched by *observer*."""
        return Passage(
            self._runner, self._history, connection, url, observer or RevisionObserver()
        )

    def sql(self, steps: Sequence[Step], url: DatabaseUrl) -> tuple[StepSql, ...]:
        """Return the SQL that each step would send, or why it cannot be shown."""
        return OfflineRun(self._runner, self._history, url).sql(steps)

    def stamped(
        self, targets: Sequence[str], current: Sequence[str], *, purge: bool = False
    ) -> tuple[str, ...]:
        """Return the rows that `stamp` makes of the rows *current*; *purge* forgets those first.

        Raises what `plan` raises for a target, or without *purge* a row, that does not exist.
        """
        wanted = [stamp_target(target, self._history) for target in targets]
        return heads_to_write(self._history, wanted, () if purge else current)

    def stamp(
        self,
        targets: Sequence[str],
        connection: Connection,
        url: DatabaseUrl,
        *,
        purge: bool = False,
    ) -> tuple[str, ...]:
        """Write *targets* into the version table without running a revision; return its heads.

        *purge* takes away every row first, also those that no file knows.
        Raises what `stamped` raises.
        """
        after: list[tuple[str, ...]] = []

        def write(heads: tuple[str, ...], _: MigrationContext) -> list[StampStep]:
            after.append(self.stamped(targets, heads, purge=purge))
            return steps_between(self._history, heads, after[0])

        # Not Alembic's own purge, which has emptied the table before a target can be refused.
        self._runner.run(
            write, url=url, connection=connection, keep=True, destination_rev=", ".join(targets)
        )
        return after[0]

    def applied_at(self, heads: Iterable[str]) -> frozenset[str]:
        """Return the revisions that are applied where the version table holds *heads*."""
        return applied_at(self._history, heads)

    def heads_of(self, applied: Iterable[str]) -> tuple[str, ...]:
        """Return the rows, sorted, of a database that holds the revisions *applied*."""
        return heads_of(self._history, applied)

    def new_revision(
        self,
        message: str,
        *,
        autogenerate: bool,
        connection: Connection | None,
        url: DatabaseUrl,
        head: str | None = None,
    ) -> WrittenRevision:
        """Write a revision file on top of *head* and return it; see `RevisionWriter.write`."""
        writer = RevisionWriter(self._location, self._history, self._runner, self._ignored)
        return writer.write(
            message,
            autogenerate=autogenerate,
            connection=connection,
            url=url,
            head=head,
        )

    def differences(self, connection: Connection, facts: EnvFacts) -> tuple[str, ...] | None:
        """Return what differs between models and schema, a line each; None without models."""
        return compare.differences(connection, facts, self._ignored)


def _versions(facts: EnvFacts) -> TableClause:
    return table(facts.version_table, column("version_num"), schema=facts.version_schema)


def _nothing_more() -> None:
    """No revision follows."""
