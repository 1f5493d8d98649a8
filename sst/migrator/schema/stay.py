"""The one schema of a run: it is there, names are found in it alone, and env.py stays in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from sst.errors import RUN_AGAIN, ConfigError, Problem

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from sst.bridge import EnvFacts
    from sst.db.url import DatabaseUrl

# `current_schema` leaves out what is not there, and what the role may not use.
_LOOK = text("""
    select to_regnamespace(quote_ident(:schema)) is not null, coalesce(has_schema_privilege(
        to_regnamespace(quote_ident(:schema)), 'usage'), false),
        coalesce(current_schema() = :schema, false), quote_ident(:schema),
        quote_ident(current_user)
""")
_OWN = "let it use config.attributes['connection'], or set the search path of its own connection"


def require_schema(connection: Connection, url: DatabaseUrl) -> None:
    """Raise `ConfigError` unless what has no schema in its name is the schema of *url*.

    A schema that is missing is never made, and nothing falls through to another one.
    """
    if not url.schema:
        return
    is_there, may_use, is_first, name, role = connection.execute(
        _LOOK, {"schema": url.schema}
    ).one()
    connection.rollback()
    if is_there and may_use and is_first:
        return
    what, hint = "has another search path", "connect to the server itself, not to a pooler"
    if not is_there:
        what = "does not exist"
        hint = f"correct its name, or let the owner of the database run `create schema {name}`"
    elif not may_use:
        what = f"may not be used by the role {role}"
        hint = f"let its owner run `grant usage, create on schema {name} to {role}`"
    raise ConfigError([Problem(f"schema {url.schema}", what, str(url), hint)], RUN_AGAIN)


def require_stays_in(facts: EnvFacts, url: DatabaseUrl) -> None:
    """Raise `ConfigError` when env.py would work in another schema than that of *url*."""
    if not url.schema or not facts.same_database:
        return
    if facts.search_schema != url.schema:
        where = f"the schema {facts.search_schema}" if facts.search_schema else "no schema"
        what = f"works in {where}, not in {url.schema}"
        raise ConfigError([Problem("env.py", what, hint=_OWN)], RUN_AGAIN)
    if facts.version_schema != url.schema:
        what = f"keeps the version table in the schema {facts.version_schema}, not in {url.schema}"
        hint = "leave version_table_schema out, or take it from config.attributes['schema']"
        raise ConfigError([Problem("env.py", what, hint=hint)], RUN_AGAIN)
