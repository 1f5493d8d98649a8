"""However other teams' env.py get their connection, each revision is applied and committed."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, pool, text

from tests.support import foreign_envs as envs
from tests.support.driven import DOWN, Driven, env_of, psycopg2_url
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.engine import Connection


@pytest.mark.lowest
@pytest.mark.parametrize("kind", ["stock", "handed", "async", "own", "begin", "bare"])
def test_every_style_of_env_goes_up_and_down(
    kind: str, tmp_path: Path, drive: Callable[..., Driven], database_url: str
) -> None:
    """Each revision is committed when its run of env.py returns, whatever its transactions are."""
    env, url = env_of(kind, database_url)
    driven = drive(ForeignProject.create(tmp_path, env).line("aa01", "bb02", "cc03"), url)

    up = driven.go("head")
    down = driven.go("-2", DOWN)

    assert (up, down) == (("cc03",), ("aa01",))
    assert driven.tables() == {"alembic_version", "t_aa01"}
    assert driven.facts.same_database
    assert driven.facts.uses_handed_connection is (kind == "handed")


def test_facts_create_no_table(tmp_path: Path, drive: Callable[..., Driven]) -> None:
    """Looking must not touch: not even the version table is created."""
    driven = drive(ForeignProject.create(tmp_path, envs.STOCK).line("aa01"))

    assert driven.tables() == set()
    assert driven.current() == ()


@pytest.mark.lowest
def test_own_version_table_and_schema_are_found(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """The name is the one that env.py configured, never `alembic_version`."""
    env = envs.configured('version_table="history", version_table_schema="ops"')
    driven = drive(ForeignProject.create(tmp_path, env).line("aa01", "bb02"))
    driven.connection.execute(text("create schema ops"))
    driven.connection.commit()

    assert driven.go("head") == ("bb02",)
    assert (driven.facts.version_table, driven.facts.version_schema) == ("history", "ops")
    assert driven.fetch("select version_num from ops.history") == "bb02"


def test_version_table_behind_an_own_search_path_is_found(
    tmp_path: Path, drive: Callable[..., Driven], database_url: str, connection: Connection
) -> None:
    """A tenant's schema is on env.py's connection only, and ours must read the same table."""
    connection.execute(text("create schema tenant"))
    connection.commit()
    env = envs.own_settings(psycopg2_url(database_url)).replace(
        "    context.configure",
        '    connection.execute(text("set search_path to tenant"))\n'
        "    connection.commit()\n    context.configure",
    )
    driven = drive(ForeignProject.create(tmp_path, env).line("aa01"))

    assert driven.go("head") == ("aa01",)
    assert driven.facts.version_schema == "tenant"


@pytest.mark.lowest
def test_ini_with_another_section_and_relative_locations(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """Paths in an ini mean its own folder, whatever folder the command is started in."""
    project = (
        ForeignProject.create(
            tmp_path / "deep",
            envs.STOCK.replace(
                "target_metadata = None",
                "from shop_models_of_the_ini import metadata as target_metadata",
            ),
        )
        .with_ini(
            section="shop",
            prepend_sys_path=".",
            version_locations="migrations/versions migrations/more",
        )
        .revision("aa01")
        .revision("bb02", "aa01", versions="more")
    )
    project.write(
        "shop_models_of_the_ini.py",
        """
        import sqlalchemy as sa
        metadata = sa.MetaData()
        for name in ("t_aa01", "t_bb02", "t_gone"):
            sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))
        """,
    )
    driven = drive(project)

    driven.go("head")

    assert driven.current() == ("bb02",)
    assert driven.project.differences(driven.connection, driven.facts) == (
        "table t_gone is in the models but not in the database",
    )


@pytest.mark.parametrize("kind", ["stock", "async", "begin"])
def test_settings_reach_the_connection_that_migrates(
    kind: str, tmp_path: Path, drive: Callable[..., Driven], database_url: str
) -> None:
    """Timeouts on our connection would protect nobody from theirs."""
    env, url = env_of(kind, database_url)
    up = """op.execute("create table seen as select current_setting('lock_timeout') as value")"""
    driven = drive(ForeignProject.create(tmp_path, env).revision("aa01", up=up), url)

    driven.go("head", lock_timeout="2345")

    assert driven.fetch("select value from seen") == "2345ms"


def test_backend_of_own_connection_is_told(tmp_path: Path, drive: Callable[..., Driven]) -> None:
    """Otherwise a signal could cancel nothing."""
    up = 'op.execute("create table seen as select pg_backend_pid() as pid")'
    driven = drive(ForeignProject.create(tmp_path, envs.STOCK).revision("aa01", up=up))
    (step,) = driven.plan("head")
    told: list[int] = []

    driven.project.apply(
        step, driven.connection, driven.url, session_settings={}, on_backend=told.append
    )

    assert told == [driven.fetch("select pid from seen")]


def test_two_threads_do_not_mix_up_their_databases(
    tmp_path: Path, make_database: Callable[[], str]
) -> None:
    """`alembic.context` is one per process: without a lock 20 of 20 such pairs failed."""
    names = ("first", "second")
    found: dict[str, list[tuple[str, ...]]] = {name: [] for name in names}

    def migrate(name: str, url: str) -> None:
        project = ForeignProject.create(tmp_path / name, envs.STOCK).line("aa01", "bb02", "cc03")
        engine = create_engine(psycopg2_url(url), poolclass=pool.NullPool)
        with engine.connect() as connection:
            driven = Driven(project, connection, url)
            found[name] += [driven.go("head"), driven.go("base", DOWN), driven.go("head")]

    threads = [Thread(target=migrate, args=(name, make_database())) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert found == {name: [("cc03",), (), ("cc03",)] for name in names}
