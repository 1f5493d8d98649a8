"""The copy that a plan is rehearsed on: a scratch database that a plugin makes and drops."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.db.url import DatabaseUrl
from sst.hooks.calling.calls import HookFailedError
from sst.hooks.contract.run import Veto
from sst.migrator.schema.shape import server_major
from sst.migrator.session.connections import open_connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection

    from sst.migrator.values.context import Context

_SPEAKS = """
alter role current_user in database {0} set client_min_messages = debug1;
alter role current_user in database {0} set statement_timeout = 0
"""
# A trigger or a view of the database may call dblink, which leads from the copy to the real one.
_HAS_DOORS = "select count(*) from pg_proc where probin like '$libdir/dblink'"
_CLOSE = "update pg_proc set prosrc = 'closed_in_a_rehearsal' where probin like '$libdir/dblink'"
# In the order in which they were made: one may read another.
_UNFILLED = """
select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and not c.relispopulated order by c.oid
"""


class NoCopyError(Exception):
    """There is no copy to rehearse on; says why, in words."""


def server_of(context: Context) -> tuple[DatabaseUrl, str]:
    """Return a database of the server for the copy, and that server in words.

    Raises `NoCopyError` where the settings leave none, `SstError` when the database cannot be
    asked for its version.
    """
    settings = context.settings
    if settings.rehearse == "off":
        raise NoCopyError('migrate.rehearse is "off"')
    if settings.rehearsal_url:
        text = settings.rehearsal_url.get_secret_value()
        server = DatabaseUrl(text, setting="migrate.rehearsal_url")
        return server, f"on the server of {server}"
    if settings.rehearse == "elsewhere":
        with open_connection(context, "sst-plan") as connection:
            major = server_major(connection)
        return embedded_server(context, major), f"on the embedded PostgreSQL {major}"
    return context.url, "on the database's own server"


def embedded_server(context: Context, major: int | None = None) -> DatabaseUrl:
    """Return a database of a server that a plugin starts for scratch databases alone.

    It is of the *major* version, None for the newest that the plugin has.
    Raises `NoCopyError` where no plugin has one.
    """
    asked = f"scratch:{major or ''}"
    try:
        found: str | None = context.plugins.first(
            "resolve_database_url", url=asked, project_root=context.root
        )
    except HookFailedError as error:
        raise NoCopyError(_reason(error)) from error
    if found is None:
        raise NoCopyError(
            "there is no other server: migrate.rehearsal_url is not set, and the plugin "
            "`embedded_postgres` is not enabled"
        )
    return DatabaseUrl(found)


@contextmanager
def empty_database(context: Context, server: DatabaseUrl) -> Iterator[Context]:
    """Give the context of a scratch database on *server* with nothing in it; drop it at the end.

    Raises what `copied` raises.
    """
    with _made(context, None, server) as url:
        found = replace(context, url=url)
        with open_connection(found, "sst-plan", autocommit=True) as connection:
            _let_speak(connection, url)
        yield found


@contextmanager
def copied(context: Context, server: DatabaseUrl) -> Iterator[Context]:
    """Give the context of a copy of the database, without rows, on *server*.

    Raises `NoCopyError` when no plugin makes one, and what the one that does raises.
    """
    with _made(context, context.url, server) as url:
        found = replace(context, url=url)
        with open_connection(found, "sst-plan", autocommit=True) as connection:
            _let_speak(connection, url)
            _close_doors(connection)
            _fill_views(connection)
        yield found


def _let_speak(connection: Connection, url: DatabaseUrl) -> None:
    """Let sessions in the database of *url* be told why the server does, or leaves undone."""
    quoted = connection.dialect.identifier_preparer.quote(url.name)
    connection.exec_driver_sql("set role none")
    connection.exec_driver_sql(_SPEAKS.format(quoted))


def _close_doors(connection: Connection) -> None:
    """Let dblink fail on the copy; raise `NoCopyError` where only a superuser could do that."""
    if not connection.exec_driver_sql(_HAS_DOORS).scalar_one():
        return
    try:
        connection.exec_driver_sql(_CLOSE)
    except DBAPIError as error:
        why = "the database has the extension dblink, which leads from the copy to other databases"
        raise NoCopyError(why) from error


def _fill_views(connection: Connection) -> None:
    """Fill the materialized views of the copy, from tables without rows: pg_dump leaves them out.

    Unfilled, one cannot be read or refreshed CONCURRENTLY. One that cannot be filled stays so.
    """
    connection.exec_driver_sql("set statement_timeout = 2000")
    for view in connection.exec_driver_sql(_UNFILLED).scalars().all():
        with suppress(DBAPIError):
            connection.exec_driver_sql(f"refresh materialized view {view}")


@contextmanager
def _made(
    context: Context, source: DatabaseUrl | None, server: DatabaseUrl
) -> Iterator[DatabaseUrl]:
    seconds = context.settings.rehearsal_timeout
    try:
        copy: AbstractContextManager[DatabaseUrl] | None = context.plugins.first(
            "copy_schema", source=source, server=server, seconds=seconds
        )
    except HookFailedError as error:
        raise NoCopyError(_reason(error)) from error
    if copy is None:
        raise NoCopyError("no plugin copies the schema; the plugin `backup` does")
    with ExitStack() as stack:
        try:
            url = stack.enter_context(copy)
        except Veto as veto:
            raise NoCopyError(_told(veto)) from veto
        # What is empty has no schema of a tenant.
        yield url.with_schema(context.url.schema if source else "")


def _reason(error: HookFailedError) -> str:
    return _told(error.veto) if error.veto else error.why


def _told(veto: Veto) -> str:
    return f"{veto.reason} ({veto.hint})" if veto.hint else veto.reason
