"""The real rows, asked whether they would make a plan fail: read-only, and for a bounded time."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from sqlalchemy.exc import DBAPIError

from sst.db.url import DatabaseUrl
from sst.errors import SstError
from sst.migrator.rehearsal.real.kin import Kin, kin_of
from sst.migrator.rehearsal.real.questions import NOT_FITTED, questions
from sst.migrator.rehearsal.real.sizes import sizes_of
from sst.migrator.session.connections import open_connection
from sst.migrator.table_locks.schedule import milliseconds
from sst.text import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.real.questions import Question
    from sst.migrator.rehearsal.real.sizes import Size
    from sst.migrator.rehearsal.rehearsal import Probe
    from sst.migrator.values.context import Context

ProbeMode = Literal["bounded", "all", "off"]
"""Which tables are asked: those up to `migrate.probe_limit_mb`, all, or none."""
_ALL_TIMES = 6
"""As many times the limit of one question is the limit of all."""
_LIMITS = (
    "set transaction read only; set local row_security = off; set local lock_timeout = 500;"
    "set local max_parallel_workers_per_gather = 0; set local statement_timeout = {milliseconds}"
)
# A foreign key compares by the types of its columns, wherever these and their operators are.
_WITH_OPERATORS = """
select set_config('search_path', concat_ws(', ',
    (select string_agg(distinct quote_ident(n.nspname), ', ') from pg_attribute a
    join pg_type t on t.oid = a.atttypid join pg_namespace n on n.oid = t.typnamespace
    where a.attrelid = any (%(tables)s::regclass[]) and n.nspname <> 'pg_catalog'),
    nullif(current_setting('search_path'), '')), true)
"""
_MB = 1_000_000
_WHY = {
    "55P03": "another session has locked it",
    "42501": "the role may not read all of its rows",
    "40001": "the replica had to go on",
}
_NOT_THERE = {"42703", "42P01", "42883", "42704", "3F000"}
_LATE = "57014"


def probed(
    context: Context, found: Mapping[str, tuple[Statement, ...]], mode: ProbeMode = "bounded"
) -> dict[str, tuple[Probe, ...]]:
    """Return what the real rows answer to the plan *found*, the statements by revision.

    `migrate.probe_url` is asked, else the database. Nothing is raised: a probe says why it was
    not answered.
    """
    asked = list(questions(statement for each in found.values() for statement in each))
    answers: dict[str, list[Probe]] = defaultdict(list)
    for question, probe in zip(asked, _answers(context, asked, mode), strict=True):
        # A key may be an expression with a literal in it.
        answers[question.revision].append(replace(probe, about=context.redact(probe.about)))
    return {revision: tuple(answers[revision]) for revision in found}


def _answers(context: Context, asked: Sequence[Question], mode: ProbeMode) -> list[Probe]:
    if mode == "off":
        return [_refused(each, "--probe is off") for each in asked]
    if not any(each.sql for each in asked):
        return [each.probe for each in asked]
    try:
        with _opened(context) as connection:
            asking = _Asking(context, connection, mode)
            asking.look_at(
                {name for each in asked for name in each.tables},
                {name for each in asked for name in each.written},
            )
            return [asking.answer(each) for each in asked]
    except SstError as error:
        why = context.redact(error.why)
        return [_refused(each, why) for each in asked]
    except DBAPIError:
        return [_refused(each, "the server ended the connection") for each in asked]


@contextmanager
def _opened(context: Context) -> Iterator[Connection]:
    if context.settings.probe_url:
        text = context.settings.probe_url.get_secret_value()
        url = DatabaseUrl(text, setting="migrate.probe_url").with_schema(context.url.schema)
        context = replace(context, url=url)
    with open_connection(context, "sst-probe") as connection:
        yield connection


class _Asking:
    """Asks one question after the other, each in a transaction of its own."""

    def __init__(self, context: Context, connection: Connection, mode: ProbeMode) -> None:
        self._seconds = context.settings.probe_timeout
        self._limit = None if mode == "all" else context.settings.probe_limit_mb * _MB
        self._connection = connection
        self._deadline = time.monotonic() + _ALL_TIMES * self._seconds
        self._sizes: dict[str, Size] = {}
        self._kin = Kin()

    def look_at(self, names: set[str], written: set[str]) -> None:
        """Ask for kind, size and kin of the tables *names*, and for what follows writes."""
        self._kin = kin_of(self._connection, names, written)
        self._sizes = sizes_of(self._connection, names | self._kin.all_children)

    def answer(self, question: Question) -> Probe:
        """Return the probe of *question* with its answer, or why there is none."""
        why_not = question.probe.why_not or self._why_not(question)
        if why_not or question.sql is None:
            return _refused(question, why_not)
        kinds = {name: self._sizes[name].kind for name in question.tables}
        try:
            violations = self._number(question, question.sql(kinds))
        except DBAPIError as error:
            return _refused(question, self._why(error))
        if violations is None:
            return _refused(question, NOT_FITTED)
        return replace(question.probe, violations=violations)

    def _why_not(self, question: Question) -> str | None:
        """Return why *question* is not asked at all."""
        gone = [name for name in question.tables if name not in self._sizes]
        if gone:
            return f"{gone[0]} is not there before the plan, or somebody has locked it"
        if why_not := self._kin.why_not(question):
            return why_not
        size = self._size(question.tables)
        if question.reads_all and self._limit is not None and size > self._limit:
            return f"too large ({size_text(size)}); --probe all asks it"
        if time.monotonic() >= self._deadline:
            return f"no time was left after {_ALL_TIMES * self._seconds:g} s"
        return None

    def _size(self, tables: Sequence[str]) -> int:
        """Return the bytes of *tables*, with their children."""
        names = set(tables)
        for name in tables:
            # A partitioned table is its leaves already.
            if self._sizes[name].kind != "p":
                names.update(self._kin.children.get(name, ()))
        return sum(self._sizes[each].bytes for each in names if each in self._sizes)

    def _number(self, question: Question, sql: str) -> int | None:
        connection = self._connection
        limits = _LIMITS.format(milliseconds=milliseconds(self._seconds))
        try:
            connection.exec_driver_sql(limits)
            if question.probe.asks == "foreign_key":
                connection.exec_driver_sql(_WITH_OPERATORS, {"tables": list(question.tables)})
            # The text is complete: a % in it is one.
            rows = connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
            number = rows.scalar_one()
            return None if number is None else int(number)
        finally:
            connection.rollback()

    def _why(self, error: DBAPIError) -> str:
        """Return why there is no answer; the server's words may have a row in them."""
        code = str(getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", ""))
        if code == _LATE:
            return f"no answer in {self._seconds:g} s (migrate.probe_timeout)"
        if code in _NOT_THERE:
            return "it names what is not there before the plan"
        return _WHY.get(code, f"the server refused the question ({code or 'no code'})")


def _refused(question: Question, why_not: str | None) -> Probe:
    return replace(question.probe, why_not=question.probe.why_not or why_not)
