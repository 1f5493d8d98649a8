"""Ask whether the database answers, agrees with the models and has no invalid index."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from sst.hooks import (
    Check,
    CheckResult,
    CheckStatus,
    Inspection,
    Run,
    Stage,
    Veto,
    counted,
    hookimpl,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

logger = logging.getLogger("sst.health_check")

_THOROUGH = frozenset({Stage.CHECK, Stage.RUN})
_SHOWN = 3

# An index that is being built is not yet valid and not broken either. Only the number of the
# building process is for every role to see; its lock says which table it is at work on.
# An index on a partitioned table ('I') is invalid until every partition has its own: no failure.
_INVALID_INDEXES = """
SELECT quote_ident(n.nspname), quote_ident(c.relname)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relpersistence <> 't'
  AND CAST(:schema AS text) IN ('', n.nspname)
  AND NOT EXISTS (
    SELECT 1 FROM pg_stat_progress_create_index p JOIN pg_locks l ON l.pid = p.pid
    WHERE l.locktype = 'relation' AND l.relation = i.indrelid AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
ORDER BY n.nspname, c.relname
"""


class Config(BaseModel):
    """How grave a difference is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Literal["fail", "warn", "off"] = Field(
        "fail",
        description="A difference between models and schema: fails `check`, and a run that "
        "brought it; is a warning; or is not looked for.",
    )


class Plugin:
    """Checks the database, and separates what a run brought from what was there before."""

    def __init__(self, config: Config) -> None:
        self._is_off = config.models == "off"
        self._grave = CheckStatus.FAIL if config.models == "fail" else CheckStatus.WARN
        self._known: Collection[str] | None = None

    @hookimpl
    def register_checks(self) -> list[Check]:
        """Return the checks; only the cheap one is asked by `/readyz`."""
        always, after = partial(agrees_with_models, grave=self._grave), self._agrees_after_run
        models = [
            Check(
                "models",
                always,
                stages=frozenset({Stage.CHECK}),
                timeout_seconds=30.0,
                cacheable=True,
            ),
            Check("models", after, stages=frozenset({Stage.RUN}), timeout_seconds=30.0),
        ]
        return [
            Check("connection", answers, timeout_seconds=5.0, cacheable=True),
            *([] if self._is_off else models),
            Check(
                "indexes",
                has_valid_indexes,
                stages=_THOROUGH,
                timeout_seconds=10.0,
                cacheable=True,
            ),
        ]

    @hookimpl
    def pre_migrate(self, run: Run) -> None:
        """Keep the differences that there are before *run*; nothing of it can refuse the run."""
        self._known = None
        # An empty database has nothing that could be compared: everything is missing.
        if self._is_off or not run.before:
            return
        try:
            with run.inspect() as inspection:
                if sorted(run.after) == sorted(inspection.expected):
                    self._known = frozenset(inspection.differences() or ())
        except Exception as error:  # noqa: BLE001 - what is wrong, the run meets by itself
            logger.warning("models and schema were not compared: %s", type(error).__name__)

    @hookimpl
    def post_migrate(self, run: Run) -> None:
        """Raise when the database is not where *run*'s plan leads to."""
        refuse_another_revision(run)

    def _agrees_after_run(self, inspection: Inspection) -> CheckResult:
        return agrees_with_models(inspection, known=self._known, grave=self._grave)


def refuse_another_revision(run: Run) -> None:
    """Raise `Veto` when the database is not where *run*'s plan leads to."""
    with run.inspect() as inspection:
        current = inspection.current
    if sorted(current) != sorted(run.after):
        raise Veto(
            f"the database is at {_listed(current)}, the plan leads to {_listed(run.after)}",
            "something else moved it: run `python migrate.py current` and `history`",
        )


def answers(inspection: Inspection) -> CheckResult:
    """Pass when the database answers a query."""
    inspection.fetch("SELECT 1")
    return CheckResult(CheckStatus.PASS, "the database answers")


def agrees_with_models(
    inspection: Inspection,
    *,
    known: Collection[str] | None = (),
    grave: CheckStatus = CheckStatus.FAIL,
) -> CheckResult:
    """Answer *grave* when the schema is not what the models say; skipped where that says nothing.

    Differences that are *known*, from before a run, are a warning; so are all of them when *known*
    is None, because nothing could be compared before.
    """
    if sorted(inspection.current) != sorted(inspection.expected):
        return CheckResult(CheckStatus.SKIP, "not at head")
    found = inspection.differences()
    if found is None:
        return CheckResult(CheckStatus.SKIP, "no models to compare with")
    if not found:
        return CheckResult(CheckStatus.PASS, "models and schema agree")
    if known is None:
        return CheckResult(CheckStatus.WARN, _drift(found), "drift", tuple(found))
    new = [each for each in found if each not in known]
    if new:
        return CheckResult(grave, _drift(new), "drift", tuple(new))
    detail = _drift(found, "from before the run ")
    return CheckResult(CheckStatus.WARN, detail, "drift", tuple(found))


def has_valid_indexes(inspection: Inspection) -> CheckResult:
    """Fail when an index is invalid: it costs every write and serves no query."""
    found = inspection.fetch(_INVALID_INDEXES, schema=inspection.schema)
    invalid = [f"{schema}.{name}" for schema, name in found]
    if not invalid:
        return CheckResult(CheckStatus.PASS, "all indexes are valid")
    remedy = f"rebuild with REINDEX INDEX CONCURRENTLY {invalid[0]}"
    detail = f"invalid: {listed(invalid, most=_SHOWN)}; {remedy}"
    return CheckResult(CheckStatus.FAIL, detail, "invalid_index", tuple(invalid))


def _drift(differences: Sequence[str], when: str = "") -> str:
    found = counted(len(differences), "difference")
    remedy = "correct the models, or write a revision that follows them"
    shown = listed(differences, "; ", most=_SHOWN)
    return f"{found} {when}between models and schema: {shown}; {remedy}"


def _listed(revisions: tuple[str, ...]) -> str:
    return listed(revisions) or "no revision"
