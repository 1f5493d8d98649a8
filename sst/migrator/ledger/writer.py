"""The record of every run, in the schema `migrator`, written on a connection of its own.

A rollback, a crash or `kill -9` leaves the record: each statement commits by itself.
Reading never creates the schema.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.db.engine import one_row
from sst.migrator.ledger.plugin_origin import read_origin, read_run
from sst.migrator.ledger.schema import bring_up_to_date, is_writable
from sst.migrator.session.connections import database_number
from sst.migrator.values.dead_run import DeadRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import TextClause
    from sqlalchemy.engine import Connection, CursorResult

    from sst.migrator.ledger.failure import RunFailure
    from sst.migrator.ledger.plugin_origin import BroughtBy, Origin

T = TypeVar("T")

NO_NOTICES: Mapping[str, Any] = {"notices": [], "notices_left_out": 0}
_INSERT_RUN = text("""
    insert into migrator.run (id, command, target, environment, version_table,
        from_heads, to_heads, os_user, host, pid, backend_pid, backend_start,
        app_version, git_commit, git_dirty, trace_id, plugins, schema_name, started_at)
    values (:id, :command, :target, :environment, :version_table,
        :from_heads, :to_heads, :os_user, :host, :pid, :backend_pid, :backend_start,
        :app_version, :git_commit, :git_dirty, :trace_id, cast(:plugins as jsonb), :schema_name,
        -- the newest run is the newest, also when the server's clock was set back
        greatest(clock_timestamp(),
            (select max(started_at) + interval '1 microsecond' from migrator.run)))
""")
# Another run may have taken it for dead meanwhile; in a restored copy it has succeeded already.
_RESUME_RUN = text("""
    update migrator.run set backend_pid = :backend_pid, backend_start = :backend_start,
        finished_at = case when outcome <> 'interrupted' then finished_at end,
        outcome = case when outcome <> 'interrupted' then outcome else 'running' end
    where id = :id returning id
""")
_FINISH_RUN = text("""
    update migrator.run set finished_at = greatest(clock_timestamp(), started_at),
        outcome = :outcome,
        error = cast(:error as jsonb), to_heads = coalesce(:to_heads, to_heads)
    where id = :id
""")
_RECORD_NOTES = text("""
    update migrator.run set notes = cast(:notes as jsonb) where id = :id returning id
""")
_START_STEP = text("""
    insert into migrator.step (run_id, position, revision, direction, checksum, plugin, branch)
    values (:run_id, :position, :revision, :direction, :checksum, :plugin, :branch)
""")
_FINISH_STEP = text("""
    update migrator.step set outcome = :outcome, duration_ms = :duration_ms, attempts = :attempts,
        notices = cast(:notices as jsonb), notices_left_out = :notices_left_out
    where run_id = :run_id and position = :position
""")
_NOTE_TRY = text("""
    update migrator.step set attempts = :attempts, blockers = blockers || cast(:blockers as jsonb)
    where run_id = :run_id and position = :position
""")
# A run is dead when the session that held its lock is gone; the start time tells a new
# session with the same number apart.
_DEAD_RUNS = """
    select r.id, r.command, r.target, r.started_at, r.os_user, r.host,
        (select s.revision from migrator.step s where s.run_id = r.id and s.outcome = 'running'
         order by s.position desc limit 1) as revision
    from migrator.run r
    where r.outcome = 'running' and r.version_table = :version_table and not exists (
        select 1 from pg_stat_activity a
        -- hidden from a role that may not see other roles' sessions
        where a.pid = r.backend_pid
        and coalesce(a.backend_start, r.backend_start) = r.backend_start)
    order by r.started_at
"""
_MARK_DEAD = text("""
    with dead as (
        update migrator.run set outcome = 'interrupted', finished_at = clock_timestamp()
        where id = any(:ids) returning id)
    update migrator.step set outcome = 'interrupted'
    where run_id in (select id from dead) and outcome = 'running'
""")
_ENVIRONMENT = text("""
    select environment from migrator.run
    where outcome not in ('refused') and version_table = :version_table
    order by started_at desc limit 1
""")


class Ledger:
    """The record, read and written on *connection*, which must be in autocommit mode.

    *version_table* is the version table's qualified name: one database may hold several histories.
    *database* is the number of the one that is written to, where it is known.
    """

    def __init__(
        self, connection: Connection, version_table: str, database: int | None = None
    ) -> None:
        self._connection = connection
        self._version_table = version_table
        self._database = database

    def exists(self) -> bool:
        """Say whether the schema was ever created."""
        found = self._connection.execute(text("select to_regclass('migrator.step') is not null"))
        return bool(found.scalar())

    def create(self) -> None:
        """Create what is missing of the schema; raises `RefusedError` when the role may not."""
        bring_up_to_date(self._connection)

    def may_be_written(self) -> bool:
        """Say whether there is a record, of this version, that this role may write."""
        return self.exists() and is_writable(self._connection)

    def start(self, values: Mapping[str, Any]) -> None:
        """Write the run's row as `running`; *values* are the columns."""
        row = {
            "schema_name": None,
            **values,
            "plugins": json.dumps(values["plugins"]),
            "version_table": self._version_table,
        }
        self.write(_INSERT_RUN, row)

    def resume(self, run_id: str, *, backend_pid: int, backend_start: datetime) -> bool:
        """Write that the run goes on in another session; say whether it has a row here."""
        row = {"id": run_id, "backend_pid": backend_pid, "backend_start": backend_start}
        return self._connection.execute(_RESUME_RUN, row).first() is not None

    def finish(
        self,
        run_id: str,
        outcome: str,
        *,
        error: RunFailure | None = None,
        heads: Sequence[str] | None = None,
    ) -> None:
        """Write how the run ended and which heads the database has now."""
        row = {
            "id": run_id,
            "outcome": outcome,
            "error": json.dumps(error.to_dict()) if error else None,
            "to_heads": list(heads) if heads is not None else None,
        }
        self.write(_FINISH_RUN, row)

    def record_backup(self, run_id: str, backup: Mapping[str, Any]) -> None:
        """Add the backup that the run can be taken back to."""
        statement = text("update migrator.run set backup = cast(:backup as jsonb) where id = :id")
        self.write(statement, {"id": run_id, "backup": json.dumps(backup)})

    def record_warning(
        self, run_id: str, plugin: str, hook: str, text_: str, *, code: str | None = None
    ) -> None:
        """Add that a gate broke and the run went on; or, with *code*, what the core found."""
        statement = text("""
            update migrator.run set warnings = warnings || cast(:warning as jsonb) where id = :id
        """)
        warning = {"plugin": plugin, "hook": hook, "text": text_}
        warning |= {"code": code} if code else {}
        self.write(statement, {"id": run_id, "warning": json.dumps([warning])})

    def record_notes(self, run_id: str, notes: Mapping[str, Mapping[str, Any]]) -> bool:
        """Write what plugins have noted, by plugin and key; say whether the run has a row."""
        row = {"id": run_id, "notes": json.dumps(notes)}
        return self.write(_RECORD_NOTES, row).first() is not None

    def record_hooks(self, run_id: str, totals: Sequence[Mapping[str, Any]]) -> None:
        """Add what the plugins' hooks took, by plugin and hook."""
        statement = text("update migrator.run set hooks = cast(:hooks as jsonb) where id = :id")
        self.write(statement, {"id": run_id, "hooks": json.dumps(totals)})

    def start_step(
        self,
        run_id: str,
        position: int,
        revision: str,
        direction: str,
        checksum: str,
        *,
        origin: Origin | None = None,
    ) -> None:
        """Write that *revision* is about to run; *origin* is None for the project's own."""
        self.write(
            _START_STEP,
            {
                "run_id": run_id,
                "position": position,
                "revision": revision,
                "direction": direction,
                "checksum": checksum,
                "plugin": origin.plugin if origin else None,
                "branch": origin.branch if origin else None,
            },
        )

    def finish_step(
        self,
        run_id: str,
        position: int,
        outcome: str,
        *,
        duration_ms: int,
        attempts: int,
        notices: Mapping[str, Any] = NO_NOTICES,
    ) -> None:
        """Write how the revision at *position* ended, and what the server had to say meanwhile.

        *notices* are the columns `notices`, a list, and `notices_left_out`, a number.
        """
        self.write(
            _FINISH_STEP,
            {
                "run_id": run_id,
                "position": position,
                "outcome": outcome,
                "duration_ms": duration_ms,
                "attempts": attempts,
                **notices,
                "notices": json.dumps(notices["notices"]),
            },
        )

    def note_try(
        self, run_id: str, position: int, attempts: int, blockers: Sequence[Mapping[str, Any]]
    ) -> None:
        """Write that the attempt number *attempts* failed, and who stood in its way."""
        values = {"run_id": run_id, "position": position, "attempts": attempts}
        self._connection.execute(_NOTE_TRY, {**values, "blockers": json.dumps(blockers)})

    def dead_runs(self) -> tuple[DeadRun, ...]:
        """Return the runs that say `running` and whose session is gone, oldest first."""
        if not self.exists():
            return ()
        rows = self._connection.execute(text(_DEAD_RUNS), {"version_table": self._version_table})
        return tuple(DeadRun(**row._mapping) for row in rows)  # noqa: SLF001 - public in all but name

    def mark_interrupted(self, runs: Sequence[DeadRun]) -> None:
        """Write `interrupted` into the rows of *runs*."""
        if runs:
            self._connection.execute(_MARK_DEAD, {"ids": [run.id for run in runs]})

    def environment(self) -> str | None:
        """Return the environment that last ran here; None for a new database."""
        if not self.exists():
            return None
        names = {"version_table": self._version_table}
        value: str | None = self._connection.scalar(_ENVIRONMENT, names)
        return value

    def who_brought(self, revision: str) -> BroughtBy | None:
        """Return the run that brought the database to *revision*; None when none on record did."""
        if not self.exists():
            return None
        return read_run(self._connection, self._version_table, revision)

    def origin_of(self, revision: str) -> Origin | None:
        """Return the plugin that *revision* came from; see `read_origin`."""
        if not self.exists():
            return None
        return read_origin(self._connection, self._version_table, revision)

    def ask(self, sql: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the row that *sql* has, which is written as all others are."""
        return self._twice(partial(one_row, self._connection, sql, values))

    def write(self, statement: TextClause, row: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute *statement*, over a new connection when the old one was lost.

        The record outlives what befalls the server: a restart ends the run, not its row. A
        database that has got the name meanwhile is none of the run's.
        """
        return self._twice(partial(self._connection.execute, statement, row))

    def _twice(self, send: Callable[[], T]) -> T:
        self._connection.rollback()
        try:
            return send()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self._connection.rollback()
            if self._database not in {None, database_number(self._connection)}:
                raise
            return send()
