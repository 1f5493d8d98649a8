"""Schemas of one database as targets of a project, each called by its place: `t0`, `t1` ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.project import Project

ONE = """op.execute('''
create table note (id int primary key, body text);
insert into note select n, repeat('x', n) from generate_series(1, 50) n
''')"""
HOSTILE = (
    *(
        "Acme-1",
        "acme.shop",
        'we"ird na\\me',
        "a*",
        "a?b|c",
        "(x|y)",
        "$acme$",
        "o'brien",
        "ñandú",
    ),
    *("pg\tx", " padded ", "[a-z]+", "%s %d", "table"),
)
"""Names that are patterns, quotes or words elsewhere."""


def quoted(schema: str) -> str:
    """Return *schema* as an identifier of SQL."""
    escaped = schema.replace('"', '""')
    return f'"{escaped}"'


def make_tenants(project: Project, schemas: Sequence[str], **more: Any) -> None:
    """Make *schemas*, empty, and let them be the targets of *project*, with *more* of each."""
    project.query("; ".join(f"create schema {quoted(each)}" for each in schemas))
    project.settings["migrate.targets.list"] = [
        {"name": f"t{number}", "schema": schema, **more} for number, schema in enumerate(schemas)
    ]


def migrated_tenants(project: Project, schemas: Sequence[str]) -> Project:
    """Return *project* with *schemas* as tenants at the revision `one`, without a backup."""
    make_tenants(project, schemas)
    project.revision("one", ONE)
    done = project.migrate("upgrade", "--all", "--parallel", "1", "--no-plugin", "backup")
    assert done.exit_code == 0, done.output
    return project


def tables_of(project: Project, schema: str) -> set[str]:
    """Return the names of the tables in *schema*."""
    question = "select tablename::text from pg_tables where schemaname = %s"
    return {str(name) for (name,) in project.query(question, schema)}


def created(project: Project, target: str, *words: str) -> dict[str, Any]:
    """Return what `backup create` of *target* says, which is to succeed."""
    result = project.migrate("backup", "create", "--target", target, "--json", *words)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = result.json
    return found
