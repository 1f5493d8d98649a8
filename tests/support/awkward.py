"""A database with everything that a dump may lose, and what of it can be compared."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from plugins.backup.postgres.client_environment import client_environment
from plugins.embedded_postgres.binaries import find_installation
from sst.db.url import DatabaseUrl
from tests.support.server import connect

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

_SQL = Path(__file__).with_name("awkward.sql")
_EXTENSIONS = {
    "hstore": ("hstore", "a=>1"),
    "vector": ("vector(2)", "[1,2]"),
}
# Some builds of PostgreSQL stamp columns with a number of their own, anew in every database.
_STAMP = re.compile(r"^ALTER TABLE .* SET \(pg_attver=\d+\);\n", re.MULTILINE)
_NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|)$")
_TABLES = """
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and c.relispopulated and n.nspname not like 'pg\\_%%'
      and n.nspname not in ('information_schema', 'migrator') order by 1
"""
_SEQUENCES = """
    select schemaname, sequencename, last_value, start_value, increment_by, min_value, max_value,
        cycle, data_type::text from pg_sequences where schemaname <> 'migrator' order by 1, 2
"""
_LARGE_OBJECTS = """
    select oid, md5(lo_get(oid)), lomowner::regrole::text, lomacl::text
    from pg_largeobject_metadata order by 1
"""
_OF_THE_NAME = """
    select pg_get_userbyid(datdba), coalesce(datacl::text, ''), datconnlimit, datallowconn,
        pg_encoding_to_char(encoding), datcollate, datctype,
        coalesce(shobj_description(d.oid, 'pg_database'), ''),
        (select array_agg(setrole::regrole::text || s order by setrole, s)
            from pg_db_role_setting, unnest(setconfig) s where setdatabase = d.oid)
    from pg_database d where datname = current_database()
"""


def fill_awkwardly(url: str, *, owner: str, reader: str) -> None:
    """Make the database at *url* awkward; *owner* and *reader* are roles that exist."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_SQL.read_text(encoding="utf-8"))
        cursor.execute("select name from pg_available_extensions")
        available = {name for (name,) in cursor.fetchall()}
        name = next(each for each in _EXTENSIONS if each in available)
        kind, value = _EXTENSIONS[name]
        cursor.execute(f"create extension {name} schema public")
        cursor.execute(f"create table app.extended (value public.{kind})")
        cursor.execute("insert into app.extended values (%s)", (value,))
        cursor.execute(f"alter table app.people owner to {owner}")
        cursor.execute(f"grant usage on schema app to {reader}")
        cursor.execute(f"grant select (id), update (note) on app.parent to {reader}")
        cursor.execute(f"grant select on app.measures to {reader} with grant option")
        cursor.execute(
            f"alter default privileges in schema app grant select on tables to {reader}"
        )
        cursor.execute(f"grant select on large object 424242 to {reader}")
        cursor.execute(f"create policy theirs on app.people for all to {reader} using (id > 1)")


def portrait(url: str) -> dict[str, object]:
    """Return what the database at *url* is: schema, rows, sequences, large objects, its name's."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("set row_security = off; set search_path = ''")
        return {
            "schema": schema(url),
            "tables": {
                str(name): _checksum(cursor, str(name)) for (name,) in _rows(cursor, _TABLES)
            },
            "sequences": _rows(cursor, _SEQUENCES),
            "large objects": _rows(cursor, _LARGE_OBJECTS),
            "of the name": _rows(cursor, _OF_THE_NAME),
        }


def schema(url: str) -> list[str]:
    """Return the statements of a schema dump, owners and rights included, the ledger left out."""
    target = DatabaseUrl(url)
    program = find_installation().program("pg_dump")
    options = ["--schema-only", "--exclude-schema=migrator", f"--dbname={target.libpq_place()}"]
    done = subprocess.run(
        [program, *options],
        env=client_environment(target),
        capture_output=True,
        check=True,
        text=True,
    )
    lines = [line for line in _STAMP.sub("", done.stdout).splitlines() if not _NOISE.match(line)]
    return "\n".join(lines).split(";\n")


def _checksum(cursor: Cursor, table: str) -> tuple[object, ...]:
    """Return how many rows *table* has, and a sum that changes with each of them."""
    total = "coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)"
    cursor.execute(f"select count(*), {total} from only {table} t")  # noqa: S608 - from the catalogue
    return tuple(cursor.fetchone() or ())


def _rows(cursor: Cursor, sql: str) -> list[tuple[object, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())
