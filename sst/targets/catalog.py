"""The targets that a database knows: rows of a query, databases of a server, its own schemas."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.db.engine import create_direct_engine
from sst.errors import Problem, SstError
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.targets.entries import TargetError, entry_of_row, fault_of_schema
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from sst.config.declared.schema import TargetEntry
    from sst.db.url import DatabaseUrl

_QUERY = "MIGRATE__TARGETS__QUERY"
_APPLICATION = "sst-targets"
_SECONDS = 60
"""How long a catalogue may take."""
_COLUMNS = "select name, url and what else a target has, each once"
_CANCELED = "57014"
_OF_VALUES = ("22", "P0")
_OF_QUERIES = ("0A", "25", "42")
# What a restore has replaced has a mark of the plugin `backup`, with its name. Whoever gives it
# another name wants it back. A database that was just made has a high connection limit instead.
_IS_MARKED = """(strpos(comment, '[sst-platform may drop this ') > 0
    and right(comment, length(name) + 2) = concat(' ', name, ']'))"""
_SCHEMAS = f"""
    select name from (
        select nspname::text as name,
            coalesce(pg_catalog.obj_description(oid, 'pg_namespace'), '') as comment
        from pg_catalog.pg_namespace
    ) found where not {_IS_MARKED} order by name
"""  # noqa: S608 - our own text
_DATABASES = f"""
    select name from (
        select datname::text as name,
            coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '') as comment
        from pg_catalog.pg_database
        where datallowconn and not datistemplate and datconnlimit < 1073741824
    ) found where not {_IS_MARKED} order by name
"""  # noqa: S608


def entries_by_query(
    url: DatabaseUrl, query: str, connect_timeout: int
) -> Iterator[tuple[TargetEntry, str]]:
    """Yield the entry in each row of *query* on the database at *url*, and its place.

    All rows are of one moment. Raises `TargetError`, and `DatabaseUnreachableError`.
    """
    for number, row in enumerate(_rows(url, query, connect_timeout), start=1):
        place = f"row {number} of migrate.targets.query"
        yield entry_of_row(row, place), place


def entries_on_server(
    url: DatabaseUrl, patterns: Sequence[str], connect_timeout: int
) -> Iterator[tuple[TargetEntry, str]]:
    """Yield an entry for each database on the server of *url* that fits one of *patterns*.

    Raises `TargetError` for a name that no target can have, and `DatabaseUnreachableError`.
    """
    place = "migrate.targets.databases"
    for row in _rows(url, _DATABASES, connect_timeout):
        name = row["name"]
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            yield entry_of_row({"name": name, "database": name}, f"{place}, {name}"), place


def entries_in_database(
    url: DatabaseUrl, patterns: Sequence[str], connect_timeout: int
) -> Iterator[tuple[TargetEntry, str]]:
    """Yield an entry for each schema in the database of *url* that fits one of *patterns*.

    Those of the server and of the record of runs are left out. Raises what `entries_on_server`
    raises.
    """
    place = "migrate.targets.schemas"
    for row in _rows(url, _SCHEMAS, connect_timeout):
        name = row["name"]
        is_wanted = any(fnmatchcase(name, pattern) for pattern in patterns)
        if is_wanted and not fault_of_schema(name):
            yield entry_of_row({"name": name, "schema": name}, f"{place}, {name}"), place


def _rows(url: DatabaseUrl, query: str, connect_timeout: int) -> list[Mapping[str, Any]]:
    engine = create_direct_engine(
        url, application_name=_APPLICATION, connect_timeout=connect_timeout
    )
    try:
        with translate_driver_errors(url.redact, role=url.role), engine.connect() as connection:
            connection.execute(text("set transaction read only"))
            connection.execute(text(f"set local statement_timeout = {int(_SECONDS * 1000)}"))
            return _answered(connection, query)
    except SstError as error:
        error.why = f"{url} lists the targets; {error.why}"
        raise
    finally:
        engine.dispose()


def _answered(connection: Connection, query: str) -> list[Mapping[str, Any]]:
    try:
        # Without parameters a percent sign is one.
        found = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
    except DBAPIError as error:
        if what := _fault(error):
            raise TargetError(Problem(_QUERY, what)) from None
        raise
    columns = list(found.keys()) if found.returns_rows else []
    if len(set(columns)) != len(columns) or "name" not in columns:
        what = "has a column twice" if columns and "name" in columns else "has no column name"
        raise TargetError(Problem(_QUERY, what, hint=_COLUMNS))
    return [dict(row) for row in found.mappings()]


def _fault(error: DBAPIError) -> str:
    """Return what is wrong with the query itself; empty where the server is at fault.

    The server's text about a value is left out: it quotes the value, which may be a password.
    Source: PostgreSQL manual, "PostgreSQL Error Codes".
    """
    code = str(getattr(error.orig, "pgcode", None) or "")
    if code == _CANCELED:
        return f"has not ended in {_SECONDS:g} s"
    if code.startswith(_OF_VALUES):
        return f"fails at a value (SQLSTATE {code})"
    if code.startswith(_OF_QUERIES):
        return f"was refused: {first_line(error.orig or error)}"
    return ""
