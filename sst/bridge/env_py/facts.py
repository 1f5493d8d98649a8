"""Facts about env.py's own connection and version table, compared with ours."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sst.bridge.env_py.database_identity import (
    UNLIMITED,
    DatabaseIdentity,
    current_schema,
    id_length,
    identity_of,
    schema_of,
)
from sst.bridge.models.compare import as_sequence, kept_options
from sst.bridge.values.steps import EnvFacts
from sst.errors import RUN_AGAIN, ConfigError, HeadsUnchangedError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

    from sst.bridge.values.steps import Step


def observed(
    context: MigrationContext,
    handed: Connection,
    ours: DatabaseIdentity | None,
    *,
    is_one_schema: bool = False,
) -> EnvFacts:
    """Return what env.py configured, and where its connection leads compared with *ours*.

    Of a run that *is_one_schema* it is also asked into which one.
    """
    connection = _connection_of(context)
    same = ours is not None and identity_of(connection) == ours
    metadata = context.opts.get("target_metadata")
    schema = context.version_table_schema
    return EnvFacts(
        version_table=context.version_table,
        version_schema=schema or (schema_of(connection, context.version_table) if same else None),
        metadata=None if metadata is None else as_sequence(metadata),
        uses_handed_connection=connection is handed,
        same_database=same,
        search_schema=current_schema(connection) if same and is_one_schema else None,
        id_length=(id_length(connection, context.version_table, schema) if same else None)
        or _configured_length(context),
        options=MappingProxyType(kept_options(context.opts)),
    )


def _configured_length(context: MigrationContext) -> int:
    """Return the length that the version table gets when Alembic creates it."""
    # The table itself is no public name; its column is a String(32) unless the dialect says else.
    kind = context._version.c.version_num.type  # noqa: SLF001
    return getattr(kind, "length", None) or UNLIMITED


def the_one_of(found: Sequence[EnvFacts]) -> EnvFacts:
    """Return what env.py does in our database, *found* in one run of it.

    Raises `ConfigError` when it runs migrations there more than once, as for tenants.
    """
    ours = [facts for facts in found if facts.same_database]
    if len(ours) > 1:
        tables = ", ".join(dict.fromkeys(facts.qualified_version_table for facts in ours))
        raise ConfigError(
            [
                Problem(
                    "env.py",
                    f"runs migrations {len(ours)} times in this database "
                    f"(version table {tables}); several version tables or runs in one env.py "
                    "are not supported",
                    hint="let it migrate one of them at a time, named by a variable of the "
                    "environment, and run the command once for each",
                )
            ],
            RUN_AGAIN,
        )
    # An env.py for several databases runs once for each: the one that is ours counts.
    return ours[0] if ours else found[0]


def _connection_of(context: MigrationContext) -> Connection:
    if context.connection is None:
        raise HeadsUnchangedError(
            what="env.py configured no connection.",
            why="it called context.configure() with a URL only, which is offline mode",
            next_step="give context.configure() a connection when not is_offline_mode()",
        )
    return context.connection


def require_same_database(context: MigrationContext, ours: DatabaseIdentity | None) -> Connection:
    """Return the connection of env.py; raise `HeadsUnchangedError` when it leads elsewhere."""
    connection = _connection_of(context)
    if identity_of(connection) != ours:
        raise HeadsUnchangedError(
            what="env.py leads to another database than DATABASE_URL; nothing was applied.",
            why=f"its own connection goes to {_place(connection)}",
            next_step="let env.py read sqlalchemy.url, or correct its own settings",
        )
    return connection


def require_heads(heads: Sequence[str], step: Step) -> None:
    """Raise `HeadsUnchangedError` when env.py sees other *heads* than *step* starts from."""
    if set(heads) != set(step.before):
        raise HeadsUnchangedError(
            what=f"env.py sees another version than planned; {step.revision.id} was not applied.",
            why=f"planned from {', '.join(step.before) or 'base'}, "
            f"its version table holds {', '.join(sorted(heads)) or 'nothing'}",
            next_step="run the command again; if it repeats, look at env.py's version table",
        )


def _place(connection: Connection) -> str:
    url = connection.engine.url
    return f"{url.host or 'a local socket'}:{url.port or 5432}/{url.database}"
