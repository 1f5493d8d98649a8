"""Ask whether the database answers, agrees with the models and has no invalid index."""

from __future__ import annotations

from app.hooks import Check, CheckResult, CheckStatus, Inspection, Run, Stage, Veto, hookimpl

_THOROUGH = frozenset({Stage.CHECK, Stage.RUN})
_SHOWN = 3

# What somebody builds right now is not yet valid and not broken either. Only the number of the
# building process is for every role to see; its lock says which table it is at work on.
# An index on a partitioned table ('I') is invalid until every partition has its own: no failure.
_INVALID_INDEXES = """
SELECT quote_ident(n.nspname), quote_ident(c.relname)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relpersistence <> 't'
  AND NOT EXISTS (
    SELECT 1 FROM pg_stat_progress_create_index p JOIN pg_locks l ON l.pid = p.pid
    WHERE l.locktype = 'relation' AND l.relation = i.indrelid AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
ORDER BY n.nspname, c.relname
"""


@hookimpl
def register_checks() -> list[Check]:
    """Return the three checks; only the cheap one is asked by `/readyz`."""
    return [
        Check("connection", answers, timeout_seconds=5.0),
        Check("models", agrees_with_models, stages=_THOROUGH, timeout_seconds=30.0),
        Check("indexes", has_valid_indexes, stages=_THOROUGH, timeout_seconds=10.0),
    ]


@hookimpl
def post_migrate(run: Run) -> None:
    """Raise when the database is not where *run*'s plan leads to."""
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


def agrees_with_models(inspection: Inspection) -> CheckResult:
    """Fail when the schema is not what the models say; skipped where that says nothing."""
    if sorted(inspection.current) != sorted(inspection.expected):
        return CheckResult(CheckStatus.SKIP, "not at head")
    differences = inspection.differences()
    if differences is None:
        return CheckResult(CheckStatus.SKIP, "no models to compare with")
    if not differences:
        return CheckResult(CheckStatus.PASS, "models and schema agree")
    return CheckResult(CheckStatus.FAIL, _drift(differences), "drift")


def has_valid_indexes(inspection: Inspection) -> CheckResult:
    """Fail when an index is invalid: it costs every write and serves no query."""
    invalid = [f"{schema}.{name}" for schema, name in inspection.fetch(_INVALID_INDEXES)]
    if not invalid:
        return CheckResult(CheckStatus.PASS, "all indexes are valid")
    remedy = f"rebuild with REINDEX INDEX CONCURRENTLY {invalid[0]}"
    detail = f"invalid: {_first(invalid, ', ')}; {remedy}"
    return CheckResult(CheckStatus.FAIL, detail, "invalid_index")


def _drift(differences: tuple[str, ...]) -> str:
    count = len(differences)
    noun = "difference" if count == 1 else "differences"
    remedy = "correct the models, or write a revision that follows them"
    return f"{count} {noun} between models and schema: {_first(differences, '; ')}; {remedy}"


def _first(items: list[str] | tuple[str, ...], separator: str) -> str:
    more = len(items) - _SHOWN
    shown = separator.join(items[:_SHOWN])
    return f"{shown}{separator}and {more} more" if more > 0 else shown


def _listed(revisions: tuple[str, ...]) -> str:
    return ", ".join(revisions) or "no revision"
