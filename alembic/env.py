"""Connects Alembic to the models and to the database that the caller hands over.

Hand-over: `config.attributes["connection"]`, a Connection or (as pytest-alembic does) an Engine,
else `config.attributes["database_url"]` (text or a SQLAlchemy URL), else the option
`sqlalchemy.url`.
A connection inside a transaction stays there: its owner commits or rolls back.
Tables of plugins are added to the comparison by the caller, which knows the plugins.
"""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError
from sqlalchemy.dialects.postgresql import JSONB

from app.models import Base

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

LEDGER_SCHEMA = "migrator"


def run() -> None:
    """Print the SQL, or run the revisions on the handed-over connection or one of our own."""
    if context.is_offline_mode():
        # A dialect's name is enough to write SQL; a URL would only carry its password here.
        migrate(dialect_name="postgresql", literal_binds=True)
        return
    handed_over = context.config.attributes.get("connection")
    if isinstance(handed_over, sa.Connection):
        with explained(handed_over):
            migrate(connection=handed_over)
        return
    engine = handed_over or sa.create_engine(database_url(), poolclass=sa.NullPool)
    with engine.connect() as own_connection:
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


@contextmanager
def explained(connection: sa.Connection) -> Iterator[None]:
    """Raise `CommandError` when a revision has to leave the transaction of *connection*'s owner.

    Alembic has no more to say than `AssertionError`. The owner's rollback undoes what was done.
    """
    is_inside = connection.in_transaction()
    try:
        yield
    except AssertionError as error:
        frames = traceback.extract_tb(error.__traceback__)
        if not is_inside or frames[-1].name != "autocommit_block":
            raise
        leaves = [frame for frame in frames if Path(frame.filename).parent.name == "versions"]
        place = f"{Path(leaves[-1].filename).name}:{leaves[-1].lineno}" if leaves else "a revision"
        message = (
            "The connection handed to Alembic is inside a transaction.\n"
            f"  why:  {place} has to leave it, as CREATE INDEX CONCURRENTLY does\n"
            "  next: hand over an Engine, or commit or roll back before the hand-over"
        )
        raise CommandError(message) from error


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
