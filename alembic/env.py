"""Connects Alembic to the models and to the database that the caller hands over.

Hand-over: `config.attributes["connection"]`, else `config.attributes["database_url"]` (text or a
SQLAlchemy URL), else the option `sqlalchemy.url`.
Tables of plugins are added to the comparison by the caller, which knows the plugins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError
from sqlalchemy.dialects.postgresql import JSONB

from app.db.models import Base

if TYPE_CHECKING:
    from collections.abc import MutableMapping

LEDGER_SCHEMA = "migrator"


def run() -> None:
    """Print the SQL, or run the revisions on the handed-over connection or one of our own."""
    if context.is_offline_mode():
        # A dialect's name is enough to write SQL; a URL would only carry its password here.
        migrate(dialect_name="postgresql", literal_binds=True)
        return
    connection = context.config.attributes.get("connection")
    if connection is not None:
        migrate(connection=outside_transaction(connection))
        return
    with sa.create_engine(database_url(), poolclass=sa.NullPool).connect() as own_connection:
        migrate(connection=own_connection)


def migrate(**target: Any) -> None:
    """Run the revisions against *target*, each in a transaction of its own."""
    context.configure(
        **target,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=not has_json_default(Base.metadata),
        include_name=include_name,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def outside_transaction(connection: sa.Connection) -> sa.Connection:
    """Return *connection*; raise `CommandError` when a transaction is already open on it.

    Alembic would take that transaction for the caller's, commit nothing and still report success.
    """
    if connection.in_transaction():
        message = (
            "The connection handed to Alembic is inside a transaction.\n"
            "  why:  Alembic would commit nothing and report success\n"
            "  next: commit or roll back before the hand-over"
        )
        raise CommandError(message)
    return connection


def database_url() -> sa.URL:
    """Return the URL that the caller named; raise `CommandError` when it named none."""
    config = context.config
    options = config.get_section(config.config_ini_section, {})
    url = config.attributes.get("database_url") or options.get("sqlalchemy.url")
    if not url:
        message = (
            "No database was handed to Alembic.\n"
            "  why:  settings, lock, backup and ledger belong to the runner, not to env.py\n"
            "  next: use `python migrate.py upgrade` (or `check`, `history`, `revision`) instead"
        )
        raise CommandError(message)
    return sa.make_url(url)


def include_name(
    name: str | None,
    type_: str,
    parent_names: MutableMapping[Any, str | None],
) -> bool:
    """Leave the runner's ledger out of every comparison."""
    schema = name if type_ == "schema" else parent_names.get("schema_name")
    return schema != LEDGER_SCHEMA


def has_json_default(metadata: sa.MetaData) -> bool:
    """Return whether comparing server defaults would raise.

    The server compares them with `=`, which `json` does not have (`jsonb` does).
    A callable that skips such columns is no way out: Alembic then raises on every identity column
    (https://github.com/sqlalchemy/alembic/issues/775).
    """
    return any(
        column.server_default is not None and is_json(column.type)
        for table in metadata.tables.values()
        for column in table.columns
    )


def is_json(type_: sa.types.TypeEngine[Any]) -> bool:
    """Return whether *type_* is `json` or an array of it."""
    element = getattr(type_, "item_type", type_)
    return isinstance(element, sa.JSON) and not isinstance(element, JSONB)


run()
