"""Revisions in a project of their own: what rules say of them, and the schema that they leave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from plugins.safe_ddl import WORK
from tests.support.truth_table import measured, set_up

if TYPE_CHECKING:
    from tests.support.project import Project
    from tests.support.truth_table import Case, Measured

APART = "# in a revision of its own\n"
"""The line above each revision of safe code."""
_SCHEMA = """
select 'column', a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
    a.attidentity::text || a.attgenerated::text,
    coalesce(pg_get_expr(d.adbin, d.adrelid), '') || '|' || c.relname
from pg_attribute a join pg_class c on c.oid = a.attrelid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relname ~ %s and c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped
union all
select 'constraint', k.conname::text, pg_get_constraintdef(k.oid), k.convalidated::text,
    k.conrelid::regclass::text, ''
from pg_constraint k where k.conrelid::regclass::text ~ %s
union all
select 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid::text,
    i.indrelid::regclass::text, ''
from pg_index i where i.indrelid::regclass::text ~ %s
union all
select 'relation', c.relname::text, c.relkind::text, c.relpersistence::text, '', ''
from pg_class c where c.relname ~ %s
order by 1, 2, 3, 4, 5, 6
"""


def planned(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Return the findings on what is pending that *project* does not accept, by revision."""
    plan = json.loads(project.migrate("plan", "--json").stdout)
    assert plan["why_not"] is None, plan["why_not"]
    return {
        each["revision"]: [found for found in each["findings"] if not found["accepted"]]
        for each in plan["revisions"]
    }


def rules(findings: list[dict[str, Any]]) -> list[str]:
    """Return the rules of *findings*."""
    return [each["rule"] for each in findings]


def revisions_of(instead: str) -> list[str]:
    """Return the revisions that the safe code *instead* is."""
    return [each for each in instead.split(APART) if each.strip()]


def schema(project: Project, *tables: str) -> list[tuple[Any, ...]]:
    """Return the relations, columns, constraints and indexes that have the names of *tables*."""
    like = f"^({'|'.join(tables)})"
    return project.query(_SCHEMA, like, like, like, like)


def agreement(project: Project, cases: dict[str, Case]) -> dict[str, bool]:
    """Return, by name and SQL of *cases*, whether rules speak just where somebody waits for work.

    The server itself says where that is, on filled tables and without a rehearsal.
    """
    set_up(project.database_url, cases)
    truth = measured(project.database_url, cases)
    project.enable("backup", "safe_ddl")
    for name, case in cases.items():
        sql = case.sql.replace("{t}", name)
        project.revision(name, f"op.get_bind().exec_driver_sql({sql!r})")
    found = planned(project)
    return {
        f"{name}: {case.sql}": _hurts(truth[name], case)
        == (not WORK.isdisjoint(rules(found[name])))
        for name, case in cases.items()
    }


def _hurts(found: Measured, case: Case) -> bool:
    """Say whether a statement works while others wait; the rows of an UPDATE are such a lock."""
    waits = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}
    is_locked = not waits.isdisjoint(found.locks.values()) or case.sql.startswith("UPDATE")
    return is_locked and bool(found.rewrites or found.scans)
