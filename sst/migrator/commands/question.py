"""One statement that says whether a database is as it was when a command has looked at it.

It holds all that a look reads: the version table, the record, the server's settings and roles and,
for a command that compares the schema, the rows of the catalogue. What is seen only from outside,
such as a run at work, leaves the answer unsettled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.kept.doubts import doubt
from sst.migrator.rehearsal.cache.circumstances import SERVER, VALUES, question_of_catalogues
from sst.migrator.session.run_lock import held_condition

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.engine import Connection

    from sst.bridge import EnvFacts
    from sst.migrator.values.context import Context

_TABLES = """
select relname::text from pg_class
where relnamespace = to_regnamespace('migrator')::oid and relkind = 'r' order by 1
"""
_IDENTITY = """
select array[(select oid::text from pg_database where datname = current_database()),
    current_database()::text, pg_is_in_recovery()::text,
    (select concat_ws(' ', datallowconn, datconnlimit, shobj_description(oid, 'pg_database'))
     from pg_database where datname = current_database()),
    (select string_agg(concat_ws(' ', oid, relname, relacl::text), ',' order by oid) from pg_class
     where relnamespace = to_regnamespace('migrator')::oid and relkind = 'r')]
"""
# With `xmin` a row that was changed and is as it was is another one.
_ROWS = (
    "select string_agg(md5(t::text || t.xmin), '' order by md5(t::text), t.xmin::text) from {} t"
)
_DIGESTS = "select string_agg(t::text, ',' order by t::text) from ({}) t"
_UNSETTLED = "exists (select from pg_index where not indisvalid)"
_AT_WORK = "exists (select from migrator.run where outcome = 'running')"
_RUNS = "run"
# Local to the one message that both are sent in: behind a pooler the session is another's next.
_LIMIT = "set local statement_timeout = 3000; "


def as_one_statement(context: Context, connection: Connection, *, with_schema: bool) -> str:
    """Return the statement: a digest, the server's time, and whether nothing is at work.

    *connection* is one to the database; the statement has no parameters.
    Raises `DBAPIError`.
    """
    facts = context.facts(connection)
    if not facts.uses_handed_connection:
        doubt("env.py connects by itself")
    tables = [str(name) for (name,) in connection.exec_driver_sql(_TABLES)]
    texts: list[tuple[str, dict[str, Any]]] = [(_IDENTITY, {}), (SERVER, VALUES)]
    texts += _version_table(facts, connection)
    texts += [(_ROWS.format(quoted_name("migrator", each)), {}) for each in tables]
    if with_schema:
        question, values = question_of_catalogues(connection, with_comments=True)
        texts.append((_DIGESTS.format(question), values))
    unsettled = [_UNSETTLED, held_condition(facts.version_table, facts.version_schema)]
    unsettled += [_AT_WORK] if _RUNS in tables else []
    parts = ", ".join(f"({_with_values(connection, *each)})::text" for each in texts)
    moment = "extract(epoch from clock_timestamp())::float8"
    is_settled = f"not ({' or '.join(unsettled)})"
    return f"{_LIMIT}select md5(array[{parts}]::text), {moment}, {is_settled}"


def _version_table(facts: EnvFacts, connection: Connection) -> list[tuple[str, dict[str, Any]]]:
    """Return what asks for the version table, and for its rows where it is there."""
    name = quoted_name(facts.version_schema, facts.version_table)
    text = "select to_regclass(%(name)s)::oid"
    is_there = connection.exec_driver_sql(text, {"name": name}).scalar() is not None
    found: list[tuple[str, dict[str, Any]]] = [(text, {"name": name})]
    return [*found, (_ROWS.format(name), {})] if is_there else found


def quoted_name(schema: str | None, table: str) -> str:
    """Return the name of *table* in *schema* as SQL has it, whatever characters it holds."""
    return ".".join(f'"{part.replace(chr(34), chr(34) * 2)}"' for part in (schema, table) if part)


def _with_values(connection: Connection, text: str, values: dict[str, Any]) -> str:
    """Return *text* with *values* in it, as the driver writes them."""
    driver = connection.connection.driver_connection
    if not values or driver is None:
        return text
    with driver.cursor() as cursor:
        written: bytes = cursor.mogrify(text, values)
    return written.decode()
