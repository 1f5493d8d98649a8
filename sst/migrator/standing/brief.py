"""In short where one database of many stands: read in one look that only reads and soon ends.

Whether anything has changed since is one question, which costs a tenth of the look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from sys import intern
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text

from sst.errors import SstError
from sst.kept.database import ask
from sst.migrator.check.verdict import verdict
from sst.migrator.commands.look import upgrade_refusal
from sst.migrator.commands.question import quoted_name
from sst.migrator.session.connections import refuse_other_database
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.migrator.session.inspection import DatabaseInspection, look_keywords
from sst.migrator.session.run_lock import held_condition
from sst.migrator.standing.headline import failed_at, headline
from sst.migrator.standing.last_runs import read_last_runs
from sst.migrator.standing.running import read_running

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from sst.bridge import EnvFacts
    from sst.db.url import DatabaseUrl
    from sst.migrator.standing.headline import Headline
    from sst.migrator.standing.last_runs import LastRuns
    from sst.migrator.values.context import Context

_NOW = text("select clock_timestamp()")
# For each transaction alone: behind a pooler the session is another's next.
_BOUNDED = "set local statement_timeout = 5000; set local lock_timeout = 2000"
_READ_ONLY = "set transaction read only"
_LIMIT = "set local statement_timeout = 3000; "
_DATABASE = "(select oid::text from pg_database where datname = current_database())"
_VERSIONS = "(select string_agg(t::text, ',' order by t::text) from {} t)"
# With `xmin` a row that was changed in any column is another one.
_RUNS = (
    "(select md5(string_agg(concat_ws(' ', r.id, r.outcome, r.xmin), ',' order by r.id))"
    " from migrator.run r)"
)
_AT_WORK = "exists (select from migrator.run where outcome = 'running')"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a database answers to *question* while it is as it was."""

    question: str
    digest: str


@dataclass(frozen=True, slots=True)
class Brief:
    """Where a database stands; its texts are without secrets."""

    state: str
    """`up_to_date`, `pending`, `empty`, `ahead`, `diverged` or `interrupted`."""
    heads: tuple[str, ...]
    """The revisions that it is at."""
    headline: Headline
    """What matters first, and the way on."""
    is_running: bool = False
    """Whether a run is at work, or other work that holds its lock."""
    failure: str = ""
    """How the run failed that nothing has made good, in one line; empty for none."""
    last_seconds: float | None = None
    """How long the last run took; None for no run, and for one that was killed."""
    mark: Mark | None = None
    """What tells that it is as it was; None while something is at work."""


class BriefLooks:
    """Looks at databases with the revision files and the env.py of *context*.

    Its env.py is asked once for all databases whose search path is the same.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._facts: dict[str, EnvFacts] = {}

    def at(self, url: DatabaseUrl) -> BriefLook:
        """Return a look at the database at *url*; nothing connects yet."""
        return BriefLook(self._context.at(url, self._facts))


class BriefLook:
    """One look at the database of *context*."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inspection = DatabaseInspection(context)

    def is_as_at(self, mark: Mark) -> bool:
        """Say whether nothing has changed since *mark* was made; no for no answer in 3 s."""
        answer = ask(look_keywords(self._context), mark.question)
        return answer is not None and answer.is_settled and answer.digest == mark.digest

    def read(self) -> Brief:
        """Return where the database stands.

        Raises `DatabaseUnreachableError`, `RefusedError`, and `ConfigError` for its URL or env.py.
        """
        context = self._context
        try:
            with (
                translate_driver_errors(context.redact, role=context.url.role),
                self._inspection as inspection,
            ):
                return _brief(context, inspection)
        except SstError as error:
            # Nobody else knows the secrets of this URL.
            error.what, error.why = context.redact(error.what), context.redact(error.why)
            raise

    def end(self) -> None:
        """Break off what a thread that was left behind still asks."""
        self._inspection.end()


def _brief(context: Context, inspection: DatabaseInspection) -> Brief:
    connection = inspection.connection
    event.listen(connection, "begin", _bound)
    # Before it is read-only: an env.py may make what it needs.
    facts = context.facts(connection)
    refuse_other_database(facts, context.url)
    event.listen(connection, "begin", _only_read)
    # Before the rest: what changes meanwhile makes another digest the next time.
    mark = _mark(facts, connection)
    status = inspection.status
    runs = read_last_runs(inspection.records)
    now = connection.execute(_NOW).scalar_one()
    running = read_running(connection, facts, runs.running, now)
    connection.rollback()
    error = verdict(status, (), status.dead_runs, upgrade_refusal(context, inspection))
    first = headline(running, runs, status, error)
    return Brief(
        state=status.state,
        heads=tuple(map(context.redact, status.current)),
        headline=replace(
            first, text=context.redact(first.text), next_step=context.redact(first.next_step)
        ),
        is_running=running is not None,
        failure=context.redact(failed_at(runs.unresolved)) if runs.unresolved else "",
        last_seconds=_seconds(runs),
        mark=mark,
    )


def _bound(connection: Connection) -> None:
    connection.exec_driver_sql(_BOUNDED)


def _only_read(connection: Connection) -> None:
    connection.exec_driver_sql(_READ_ONLY)


def _mark(facts: EnvFacts, connection: Connection) -> Mark | None:
    question = _question(facts, connection)
    digest, _, is_settled = _one_row(connection, question)
    connection.rollback()
    # It is the same text for most of many databases.
    return Mark(intern(question), digest) if is_settled else None


def _one_row(connection: Connection, question: str) -> tuple[Any, ...]:
    # Without parameters a percent sign is one.
    options = {"no_parameters": True}
    return tuple(connection.exec_driver_sql(question, execution_options=options).one())


def _question(facts: EnvFacts, connection: Connection) -> str:
    """Return what asks for all that a look reads: rows of the version table, runs on record."""
    table = quoted_name(facts.version_schema, facts.version_table)
    names = {table: _VERSIONS.format(table), "migrator.run": _RUNS}
    parts, unsettled = [_DATABASE], [held_condition(facts.version_table, facts.version_schema)]
    for name, rows in names.items():
        number = f"to_regclass({_literal(name)})::oid::text"
        is_there = _one_row(connection, f"select {number}")[0] is not None
        parts += [number, rows] if is_there else [number]
        unsettled += [_AT_WORK] if is_there and rows is _RUNS else []
    digest = f"md5(array[{', '.join(parts)}]::text)"
    moment = "extract(epoch from clock_timestamp())::float8"
    return f"{_LIMIT}select {digest}, {moment}, not ({' or '.join(unsettled)})"


def _literal(text_: str) -> str:
    return "'" + text_.replace("'", "''") + "'"


def _seconds(runs: LastRuns) -> float | None:
    milliseconds = runs.last.duration_ms if runs.last else None
    return None if milliseconds is None else milliseconds / 1000
