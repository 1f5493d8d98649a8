"""Nothing is taken on trust: an env.py that goes astray is an error, or made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, pool, text

from sst.bridge import AlembicProject
from sst.db.url import DatabaseUrl
from sst.errors import ConfigError, HeadsUnchangedError
from tests.support import foreign_envs as envs
from tests.support.driven import Driven, psycopg2_url
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.engine import Connection


def test_another_database_is_detected_and_nothing_runs_there(
    tmp_path: Path, drive: Callable[..., Driven], make_database: Callable[[], str]
) -> None:
    """An env.py that migrates some other database would end with exit 0 elsewhere."""
    other = make_database()
    env = envs.own_settings(psycopg2_url(other))
    driven = drive(ForeignProject.create(tmp_path, env).line("aa01"))

    with pytest.raises(HeadsUnchangedError, match="another database"):
        driven.go("head")

    assert not driven.facts.same_database
    with create_engine(psycopg2_url(other), poolclass=pool.NullPool).connect() as connection:
        assert list(connection.scalars(text("select relname from pg_stat_user_tables"))) == []


def test_env_that_never_commits_leaves_the_heads_unchanged(
    tmp_path: Path, drive: Callable[..., Driven], database_url: str
) -> None:
    """apply() cannot see this; reading the heads afterwards does."""
    env = envs.never_commits(psycopg2_url(database_url))
    driven = drive(ForeignProject.create(tmp_path, env).line("aa01"))
    (step,) = driven.plan("head")

    driven.project.apply(step, driven.connection, driven.url, session_settings={})

    assert driven.current() == step.before != step.after


def test_package_that_has_the_name_of_this_tool_is_said_to(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """To name its folder in prepend_sys_path would not help: ours is imported already."""
    project = ForeignProject.create(tmp_path, "from sst.models import Base\n").line("aa01")

    with pytest.raises(ConfigError) as refused:
        drive(project)

    assert "has to rename it" in refused.value.problems[0].hint


def test_env_that_never_runs_migrations_is_an_error(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """A forgotten call would otherwise be a success."""
    project = ForeignProject.create(tmp_path, "from alembic import context\n").line("aa01")

    with pytest.raises(HeadsUnchangedError, match="without running migrations"):
        drive(project)


@pytest.mark.parametrize("statement", ["raise RuntimeError('no key')", "import sys; sys.exit(0)"])
def test_failing_env_is_named_with_its_line(
    statement: str, tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """Not a traceback of Alembic's insides."""
    project = ForeignProject.create(tmp_path, f"import os\n{statement}\n").line("aa01")

    with pytest.raises((ConfigError, HeadsUnchangedError), match=r"env\.py:2"):
        drive(project)


def test_password_in_an_error_of_env_is_masked(tmp_path: Path, connection: Connection) -> None:
    """Other people's messages quote the URL."""
    env = (
        "from alembic import context\nraise ValueError(context.config.attributes['database_url'])"
    )
    project = ForeignProject.create(tmp_path, env)
    opened = AlembicProject.open(project.root, project.settings)
    url = DatabaseUrl("postgresql://me:c%40nary-9@db/shop")

    with pytest.raises(ConfigError, match="ValueError") as caught:
        opened.facts(connection, url)

    assert "nary-9" not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.lowest
def test_statement_before_configure_on_our_connection_still_commits(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """The autobegin trap: Alembic takes the transaction for the caller's, and it is: ours."""
    env = envs.configured("target_metadata=None", before='connection.execute(sa.text("select 1"))')

    driven = drive(ForeignProject.create(tmp_path, env).line("aa01", "bb02"))

    assert driven.go("head") == ("bb02",)


def test_env_that_closes_the_handed_connection_does_not_close_ours(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """It carries the advisory lock: closing it would end the run's protection."""
    env = envs.HANDED.replace("context.configure", "connection.close()\ncontext.configure", 1)
    driven = drive(ForeignProject.create(tmp_path, env).line("aa01"))
    before = driven.fetch("select pg_backend_pid()")

    driven.go("head")

    assert driven.fetch("select pg_backend_pid()") == before


def test_open_transaction_of_the_caller_is_no_trap(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """Alembic would take it for an outer one: lose the migration, and die in this block."""
    up = "with op.get_context().autocommit_block():\n    op.execute('create table made ()')"
    driven = drive(ForeignProject.create(tmp_path, envs.HANDED).revision("aa01", up=up))
    (step,) = driven.plan("head")
    driven.connection.execute(text("set lock_timeout to '1234ms'"))

    driven.project.apply(step, driven.connection, driven.url, session_settings={})

    assert driven.current() == ("aa01",)
    assert driven.fetch("show lock_timeout") == "1234ms"


def test_failing_revision_raises_the_drivers_error_and_is_rolled_back(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """The caller needs the SQLSTATE, and the connection that holds its lock."""
    up = 'op.create_table("kept", sa.Column("id", sa.Integer))\nop.execute("select nothing")'
    project = (
        ForeignProject.create(tmp_path, envs.HANDED)
        .revision("aa01")
        .revision("bb02", "aa01", up=up)
    )
    driven = drive(project)

    with pytest.raises(Exception, match="nothing") as caught:
        driven.go("head")

    assert caught.value.orig.pgcode == "42703"  # type: ignore[attr-defined]
    assert driven.current() == ("aa01",)
    assert "kept" not in driven.tables()


def test_autocommit_block_inside_env_s_own_transaction_says_what_to_change(
    tmp_path: Path, drive: Callable[..., Driven], database_url: str
) -> None:
    """Alembic dies of a bare AssertionError."""
    env = envs.engine_begin(psycopg2_url(database_url))
    up = "with op.get_context().autocommit_block():\n    op.execute('select 1')"
    driven = drive(ForeignProject.create(tmp_path, env).revision("aa01", up=up))

    with pytest.raises(ConfigError, match="begin_transaction"):
        driven.go("head")

    assert driven.current() == ()
