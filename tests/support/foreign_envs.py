"""How other teams' env.py get their connection; each constant is a whole file."""

from __future__ import annotations

_OFFLINE = """
def run_migrations_offline():
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()
"""

STOCK = f"""
from logging.config import fileConfig

from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)
target_metadata = None

{_OFFLINE}

def run_migrations_online():
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {{}}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
"""`alembic init`: the URL from the config, an engine of its own."""

HANDED = """
from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
"""
"""The recipe for sharing a connection: `config.attributes["connection"]`."""

ASYNC = f"""
import asyncio

from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import async_engine_from_config

config = context.config
target_metadata = None

{_OFFLINE}

def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()


async def run_async_migrations():
    connectable = async_engine_from_config(
        config.get_section(config.config_ini_section, {{}}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()


if context.is_offline_mode():
    run_migrations_offline()
else:
    asyncio.run(run_async_migrations())
"""
"""`alembic init -t async`."""

_OWN_URL = """
from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine({url!r}, poolclass=pool.NullPool)
"""


def own_settings(url: str) -> str:
    """Return an env.py that reads neither the config nor the attributes, but knows *url*."""
    return (
        _OWN_URL.format(url=url)
        + """
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
    )


def without_begin(url: str) -> str:
    """Return an env.py that leaves `context.begin_transaction()` out."""
    return (
        _OWN_URL.format(url=url)
        + """
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    context.run_migrations()
"""
    )


def engine_begin(url: str) -> str:
    """Return an env.py with one outer transaction that Alembic must not commit itself."""
    return (
        _OWN_URL.format(url=url)
        + """
with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=None)
    context.run_migrations()
"""
    )


def never_commits(url: str) -> str:
    """Return an env.py whose first statement opens the transaction that nobody ends."""
    return (
        _OWN_URL.format(url=url)
        + """
with engine.connect() as connection:
    connection.execute(text("select 1"))
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
    )


def configured(options: str, *, before: str = "", models: str = "", tables: str = "") -> str:
    """Return an env.py on the handed connection with more *options* for `context.configure`."""
    return f"""
import sqlalchemy as sa
from alembic import context
{models}
metadata = sa.MetaData()
{tables}
connection = context.config.attributes["connection"]
{before}
context.configure(connection=connection, {options})
with context.begin_transaction():
    context.run_migrations()
"""
