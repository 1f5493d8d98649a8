"""The application's own check: the database answers, and its schema is not behind the code."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.errors import SstError, VersionTableBehindError
from sst.hooks.contract.checks import Check, CheckResult, CheckStatus
from sst.hooks.contract.events import rfc3339
from sst.text import listed

if TYPE_CHECKING:
    from sst.hooks.contract.checks import Inspection
    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.standing.last_runs import LastRuns
    from sst.runtime import Runtime

_UPGRADE = "run `python migrate.py upgrade`"


def look_at_schema(inspection: Inspection) -> CheckResult:
    """Return whether this code can work on the schema that *inspection* sees.

    Ahead is a warning: an older image must stay ready when a release is rolled back.
    An expected error is given with its reason, in one line.
    """
    try:
        return _judged(inspection)
    except SstError as error:
        detail = " ".join(f"{error.what} {error.why}".split())
        return CheckResult(CheckStatus.FAIL, detail, error.code)


@dataclass
class SchemaLook:
    """The look of the check of the schema, which sees the runs on record as well.

    They are told beside it: neither a failed run nor one at work makes an application not ready.
    """

    runs: CheckResult | None = None
    """What it saw of them; None where nothing was read."""

    def __call__(self, inspection: Inspection) -> CheckResult:
        """Return what `look_at_schema` returns."""
        # What readiness needs is imported when it is asked for the first time.
        from sqlalchemy.exc import DBAPIError

        from sst.migrator.session.inspection import DatabaseInspection
        from sst.migrator.standing.last_runs import read_last_runs

        self.runs = None
        found = look_at_schema(inspection)
        if isinstance(inspection, DatabaseInspection):
            with suppress(SstError, DBAPIError):
                self.runs = _runs(read_last_runs(inspection.records))
        return found


def core_checks(
    runtime: Runtime, timeout_seconds: float, look: SchemaLook | None = None
) -> tuple[Check, ...]:
    """Return what is asked whatever plugins are enabled, each given up after *timeout_seconds*.

    *look* remembers what it has seen beside the schema.

    The schema is read with the migration URL; where that is another one, the application's own
    is asked as well, for it can be down alone: a pooler, a role, a replica.
    """
    schema = Check("schema", look or SchemaLook(), timeout_seconds=timeout_seconds)
    if runtime.migration_url == runtime.database_url:
        return (schema,)

    def ping(_: Inspection) -> CheckResult:
        return _ping(runtime)

    return schema, Check("database", ping, timeout_seconds=timeout_seconds)


def _runs(runs: LastRuns) -> CheckResult:
    if runs.running:
        text = f"{_words(runs.running)} is at work since {rfc3339(runs.running.started_at)}"
        step = next((step for step in runs.running.steps if step.outcome == "running"), None)
        text += f", in revision {step.revision}" if step else ""
        # It passes: a rolling deploy keeps the old image while the schema moves.
        return CheckResult(CheckStatus.PASS, text, "run_at_work")
    from sst.migrator.standing.headline import failed_at

    failed = runs.unresolved
    if failed is None:
        return CheckResult(CheckStatus.PASS)
    text = f"{_words(failed)}, {rfc3339(failed.started_at)}: {failed_at(failed)}"
    return CheckResult(CheckStatus.WARN, text, "last_run_failed")


def _words(run: RunRecord) -> str:
    return f"the run {run.id} (`{run.command} {run.target}`)"


def _judged(inspection: Inspection) -> CheckResult:
    state = inspection.state
    if state == "up_to_date":
        return CheckResult(CheckStatus.PASS)
    if state == "ahead":
        return CheckResult(CheckStatus.WARN, _ahead(inspection), "ahead")
    if state == "interrupted" and not inspection.pending:
        return CheckResult(CheckStatus.WARN, "an earlier run was interrupted", "interrupted")
    return CheckResult(CheckStatus.FAIL, _behind(inspection), state)


def _ping(runtime: Runtime) -> CheckResult:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from sst.db.engine import create_direct_engine

    engine = create_direct_engine(
        runtime.database_url,
        application_name="sst-ready",
        connect_timeout=runtime.settings.db_connect_timeout,
        autocommit=True,
    )
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        detail = f"cannot reach {runtime.database_url}: {error.orig}"
        return CheckResult(CheckStatus.FAIL, " ".join(detail.split()), "database_unreachable")
    finally:
        engine.dispose()
    return CheckResult(CheckStatus.PASS)


def _ahead(inspection: Inspection) -> str:
    who = inspection.brought_by or "no run on record"
    where = _names(inspection.current)
    return f"the database is at {where}, which this code does not know; {who} brought it there"


def _behind(inspection: Inspection) -> str:
    from sst.migrator.session.inspection import DatabaseInspection

    error = inspection.status.error if isinstance(inspection, DatabaseInspection) else None
    if isinstance(error, VersionTableBehindError):
        return f"{error.what} {error.why}"
    if inspection.state == "diverged":
        return (
            f"the database is at {_names(inspection.current)}, the code at "
            f"{_names(inspection.expected)}: the history has several heads or is broken"
        )
    return f"{len(inspection.pending)} pending, next {_names(inspection.pending[:1])}: {_UPGRADE}"


def _names(revisions: tuple[str, ...]) -> str:
    return listed(revisions) or "no revision"
