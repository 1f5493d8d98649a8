"""The digest of all that a rehearsal depends on and that is no file of the project.

It errs on one side: what has no bearing on a revision may be in it, such as a comment of the
catalogue or a variable of the environment, and then a plan is rehearsed anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst import __version__
from sst.kept.circumstances import lasting
from sst.migrator.values.plan_hash import hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

    from sst.bridge import Step
    from sst.migrator.values.context import Context

_LIBRARIES = ("alembic", "SQLAlchemy", "psycopg2", "psycopg2-binary", "pydantic")
# The form of a terminal says nothing to a revision, and differs each time.
_OF_A_TERMINAL = ("COLUMNS", "LINES", "TERM")
# Statistics, and what a role may not read: of that nothing is copied.
_LEFT_OUT = (
    *("pg_statistic", "pg_statistic_ext_data", "pg_largeobject", "pg_largeobject_metadata"),
    *("pg_description", "pg_seclabel", "pg_init_privs", "pg_subscription_rel"),
)
_COMMENTS = "pg_description"
_CATALOGUES = """
select c.relname::text, exists (select from pg_attribute a
    where a.attrelid = c.oid and a.attname = 'oid')
from pg_class c
where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and not c.relisshared
    and has_table_privilege(c.oid, 'select') and c.relname <> all (%s)
order by 1
"""
# VACUUM, ANALYZE, TRUNCATE and REINDEX write these, and no revision goes by them.
_OF_WORK = (
    *("relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid"),
    *("relfilenode", "reltoastrelid", "relhasindex", "indcheckxmin"),
)
_ROWS = """
select '{name}', md5(string_agg(row, '' order by row))
from (select md5((to_jsonb(t) - cast(%(of_work)s as text[]))::text) as row
      from pg_catalog.{name} t where {condition}) found
"""
# What the servers' own catalogues hold from the beginning is that of its version.
_OWN = {
    "pg_attribute": "attrelid >= 16384",
    "pg_description": "objoid >= 16384 or classoid = 'pg_namespace'::regclass",
    "pg_depend": "objid >= 16384 or refobjid >= 16384",
    "pg_index": "indexrelid >= 16384",
}
_WHOLE = ("pg_namespace", "pg_extension")
# A copy that a killed plan has left is dropped by a rehearsal, not by a result that is kept.
# Of a name over 30 bytes a copy's name has the first 18 or more, and a digest.
SERVER = """
select array[version(), session_user::text, current_user::text]
    || (select array_agg(md5((to_jsonb(d) - cast(%(dated)s as text[]))::text)) from pg_database d
        where datname = current_database())
    || (select array_agg(name || ' ' || coalesce(reset_val, '') order by name) from pg_settings
        where name not in ('application_name') and name !~ '^transaction_')
    || (select array_agg(to_jsonb(r)::text order by r.oid) from pg_roles r)
    || (select array_agg(to_jsonb(m)::text order by m::text) from pg_auth_members m)
    || (select array_agg(to_jsonb(s)::text order by s::text) from pg_db_role_setting s
        where setdatabase in (0, (select oid from pg_database where datname = current_database())))
    || (select array_agg(to_jsonb(t)::text order by t.oid) from pg_tablespace t)
    || (select array_agg(datname::text order by datname) from pg_database
        where datname ~ '_plan_[0-9]{8}T[0-9]{6}Z_'
            and starts_with(datname::text, left(current_database()::text, 5))
            and (starts_with(datname::text, current_database() || '_plan_')
                or octet_length(current_database()::text) > 30))
"""
"""Asks for the state of the server that the database and its roles share, with `VALUES`."""
_LIMITS = "set local statement_timeout = 10000; set local lock_timeout = 500"
# A database that is the same in all of this gives the same result, whatever it is called.
VALUES = {"dated": ["datfrozenxid", "datminmxid", "datconnlimit", "oid", "datname"]}


def digest_of(
    context: Context, connection: Connection, before: Sequence[str], steps: Sequence[Step]
) -> str:
    """Return the digest of server, schema, plan and process, for *steps* from the heads *before*.

    *connection* is one to the database, of the role that migrates.
    Raises `DBAPIError`.
    """
    plan = [hash_of(before, steps), context.url.schema]
    parts = [plan, _database(connection), *_process(context)]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def digest_of_replay(context: Context, steps: Sequence[Step], way: Sequence[object]) -> str:
    """Return the digest of plan and process, for *steps* in an empty database, done in that *way*.

    The server is the embedded one, which the installed packages bring.
    """
    parts = ["replay", hash_of((), steps), way, *_process(context)]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def question_of_catalogues(
    connection: Connection, *, with_comments: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return a statement that gives a digest for each table of the catalogue, and its values.

    Raises `DBAPIError`.
    """
    left_out = [name for name in _LEFT_OUT if not (with_comments and name == _COMMENTS)]
    found = connection.exec_driver_sql(_CATALOGUES, (left_out,)).all()
    question = " union all ".join(
        _ROWS.format(name=name, condition=_condition(name, has_oid=has_oid))
        for name, has_oid in found
    )
    return question, {"of_work": list(_OF_WORK), **VALUES}


def _database(connection: Connection) -> list[object]:
    """Return the rows of the catalogue, a digest for each table of it, and the server's state."""
    connection.exec_driver_sql(_LIMITS)
    question, values = question_of_catalogues(connection)
    rows = connection.exec_driver_sql(question, values).all()
    server = connection.exec_driver_sql(SERVER, values).scalar_one()
    return [[list(row) for row in rows], server]


def _condition(name: str, *, has_oid: bool) -> str:
    return _OWN.get(name, "oid >= 16384" if has_oid and name not in _WHOLE else "true")


def _process(context: Context) -> Iterator[object]:
    """Give what the process is made of, and how it was called."""
    yield [__version__, platform.python_version(), sys.executable, str(context.root)]
    yield [_version(name) for name in _LIBRARIES]
    yield sorted(_distributions())
    yield [context.environment, dict(context.x)]
    yield context.settings.model_dump(mode="json", exclude={"rehearsal_url"})
    server = context.settings.rehearsal_url
    yield server.get_secret_value() if server else None
    # Those of `--set` may be settings of the application.
    yield [word for word in sys.argv[1:] if "=" in word]
    yield [each for each in lasting(os.environ) if each[0] not in _OF_A_TERMINAL]


@cache
def _version(name: str) -> str:
    """Return the version that this process has imported, or will; what is installed comes next."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _distributions() -> Iterator[str]:
    """Give the names of the folders that tell names and versions of installed packages."""
    for folder in sys.path:
        try:
            names = [path.name for path in Path(folder).iterdir()]
        except OSError:
            continue
        yield from (name for name in names if name.endswith((".dist-info", ".egg-info", ".pth")))
