"""One function per value of a plan, as `judge` gets and returns them."""

from __future__ import annotations

from typing import Any

from sst.hooks.contract.plan.finding import Acceptance, Finding
from sst.hooks.contract.plan.statement import Change, ChangeKind, Lock, Seconds, Statement


def a_lock(**over: Any) -> Lock:
    """Return the lock that keeps reads and writes of the table `site` waiting."""
    values: dict[str, Any] = {"relation": "public.site", "mode": "AccessExclusiveLock"}
    return Lock(**values | over)


def a_change(**over: Any) -> Change:
    """Return the change that makes `site.code` NOT NULL."""
    values: dict[str, Any] = {
        "kind": ChangeKind.ADD_NOT_NULL,
        "relation": "public.site",
        "name": "code",
        "columns": ("code",),
    }
    return Change(**values | over)


def some_seconds(**over: Any) -> Seconds:
    """Return a range from one second to four, inferred from rows and bytes."""
    values: dict[str, Any] = {"low": 1.0, "high": 4.0, "known": "inferred"}
    return Seconds(**values | over)


def a_statement(
    sql: str = "ALTER TABLE site ALTER COLUMN code SET NOT NULL", **over: Any
) -> Statement:
    """Return a statement of the revision `a1` that scans the table `site` under `a_lock`."""
    values: dict[str, Any] = {
        "file": "alembic/versions/a1.py",
        "line": 12,
        "locks": (a_lock(),),
        "scans": ("public.site",),
        "rows": 1000,
        "bytes": 65536,
        "seconds": some_seconds(),
        "changes": (a_change(),),
        "revision": "a1",
        "server_major": 18,
        "transaction": 1,
    }
    return Statement(**values | {"sql": sql} | over)


def a_finding(**over: Any) -> Finding:
    """Return what the rule `stays-open` has against `a_statement`."""
    values: dict[str, Any] = {"rule": "stays-open", "what": "it blocks reads and writes of site"}
    return Finding(**values | over)


def an_acceptance(**over: Any) -> Acceptance:
    """Return the acceptance of a finding for good."""
    values: dict[str, Any] = {"reason": "nobody works at night"}
    return Acceptance(**values | over)
