"""How well the seconds of a plan hold: ten statements on a million rows, planned and then run.

Each statement is a revision of its own. `plan` says the range, `upgrade` runs it, and the record
has what each revision took.

    python -m bench.plan_seconds [--rows N]

The server is the one of DATABASE_URL (a database is created there and dropped), else an embedded
one that is started for this.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from bench.hooks import any_server
from tests.support.project import Project

_TABLES = """
create table narrow (id integer primary key, a integer, b integer, c text);
insert into narrow select i, i % 1000, i, 'v' || i from generate_series(1, {rows}) i;
create table wide (id integer primary key, a integer, b integer, c text, d text);
insert into wide select i, i % 1000, i, 'v' || i, repeat(md5(i::text), 9)
    from generate_series(1, {rows}) i;
create table parent (id integer primary key);
insert into parent select i from generate_series(1, {rows}) i;
analyze narrow, wide, parent
"""
STATEMENTS = (
    "alter table narrow alter a set not null",
    "alter table wide add check (a >= 0)",
    "alter table narrow add foreign key (b) references parent",
    "create index on narrow (a)",
    "create index on wide (c)",
    "alter table wide add unique (b)",
    "alter table narrow alter a type bigint",
    "alter table wide add z uuid default gen_random_uuid()",
    "update narrow set c = 'x'",
    "alter table wide add q integer",
)


def main() -> None:
    """Print each range beside what the statement took, and how many hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of each table")
    rows = parser.parse_args().rows
    with any_server() as server, tempfile.TemporaryDirectory() as folder:
        url = server.create_database()
        try:
            held = _measured(Project.create(Path(folder) / "project", url), rows)
        finally:
            server.drop_database(url)
    print(f"{held} of {len(STATEMENTS)} hold")


def _measured(project: Project, rows: int) -> int:
    project.enable("backup")
    for statement in _TABLES.format(rows=rows).split(";"):
        project.query(statement)
    for number, sql in enumerate(STATEMENTS):
        project.revision(f"r{number}", f"op.execute({sql!r})")
    plan = json.loads(project.migrate("plan", "--probe", "off", "--json").stdout)
    run = project.migrate("upgrade", "--no-plugin", "backup", "--json").json
    took = {each["revision"]: each["duration_ms"] / 1000 for each in run["applied"]}
    held = 0
    for revision in plan["revisions"]:
        [statement] = revision["statements"]
        told, real = statement["seconds"], took[revision["revision"]]
        is_held = told["low"] <= real <= told["high"]
        held += is_held
        words = f"{told['low']:8.3f} to {told['high']:8.3f} s, {told['known']}"
        print(f"{words:<36} {real:8.3f} s {'' if is_held else '!'} {statement['sql']}")
    return held


if __name__ == "__main__":
    main()
