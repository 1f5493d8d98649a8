"""A foreign project, opened beside a connection of ours, as the migrator drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import make_url, text

from sst.bridge import AlembicProject
from sst.db.url import DatabaseUrl
from sst.hooks.contract.revisions import Direction
from tests.support import foreign_envs as envs

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from sst.bridge import Step
    from tests.support.foreign import ForeignProject

UP = Direction.UPGRADE
DOWN = Direction.DOWNGRADE


class Driven:
    """A foreign project, opened, with a connection of ours beside it."""

    def __init__(self, project: ForeignProject, connection: Connection, url: str) -> None:
        self.project = AlembicProject.open(project.root, project.settings)
        self.connection = connection
        self.url = DatabaseUrl(url)
        self.facts = self.project.facts(connection, self.url)

    def current(self) -> tuple[str, ...]:
        """Return what the version table holds."""
        return self.project.current(self.connection, self.facts)

    def plan(self, target: str, direction: Direction = UP) -> tuple[Step, ...]:
        """Return the steps from where the database is."""
        return self.project.plan(target, self.current(), direction)

    def go(self, target: str, direction: Direction = UP, **settings: str) -> tuple[str, ...]:
        """Apply every step to *target*; return the heads that each of them left."""
        for step in self.plan(target, direction):
            self.project.apply(step, self.connection, self.url, session_settings=settings)
            assert not self.connection.in_transaction()
            assert self.current() == step.after
        return self.current()

    def fetch(self, sql: str) -> object:
        """Return one value, leaving no transaction open."""
        found = self.connection.execute(text(sql)).scalar()
        self.connection.rollback()
        return found

    def tables(self) -> set[str]:
        """Return the tables outside the system's schemas, by name."""
        sql = "select relname from pg_stat_user_tables"
        found = set(self.connection.scalars(text(sql)))
        self.connection.rollback()
        return found


def psycopg2_url(url: str) -> str:
    """Return *url* with the driver named, as a project spells it that knows no other."""
    return DatabaseUrl(url).for_psycopg2().render_as_string(hide_password=False)


def asyncpg_url(url: str) -> str:
    """Return *url* for an asynchronous engine."""
    made = make_url(psycopg2_url(url)).set(drivername="postgresql+asyncpg")
    return made.render_as_string(hide_password=False)


def env_of(kind: str, url: str) -> tuple[str, str]:
    """Return the env.py of this kind, and what DATABASE_URL has to be for it."""
    return {
        "stock": (envs.STOCK, url),
        "handed": (envs.HANDED, url),
        "async": (envs.ASYNC, asyncpg_url(url)),
        "own": (envs.own_settings(psycopg2_url(url)), url),
        "bare": (envs.without_begin(psycopg2_url(url)), url),
        "begin": (envs.engine_begin(psycopg2_url(url)), url),
    }[kind]
