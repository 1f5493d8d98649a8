"""env.py: what may be handed over, what is refused, what is never compared."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from app.models import Base
from tests.migrations.catalog import snapshot
from tests.migrations.chain import ROOT, config, revision_before, scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.migrations.chain import Chain

pytestmark = [pytest.mark.external, pytest.mark.lowest]

HEAD = (scripts()[-1].revision,)


def test_handed_over_connection_is_used_and_committed(chain: Chain) -> None:
    """A success that is rolled back on close would be the worst outcome."""
    chain.upgrade()

    assert chain.heads() == HEAD


def test_handed_over_connection_stays_open(chain: Chain) -> None:
    """It belongs to the caller, who may hold a lock on it."""
    with chain.engine.connect() as connection:
        command.upgrade(config(connection=connection), "head")

        assert not connection.closed
        assert not connection.in_transaction()


def test_handed_over_engine_is_used_and_committed(chain: Chain) -> None:
    """What pytest-alembic and other tools of the field hand over."""
    command.upgrade(config(connection=chain.engine), "head")

    assert chain.heads() == HEAD


def test_connection_inside_a_transaction_stays_there(chain: Chain) -> None:
    """Its owner commits; nothing in this part of the history has to leave it."""
    before = revision_before("expand_index_incidents_site_id_occurred_at")
    with chain.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE of_the_owner (id int)")
        command.upgrade(config(connection=connection), before)

        assert connection.in_transaction()
        assert chain.heads() == ()
        connection.commit()

    assert chain.heads() == (before,)


def test_revision_that_has_to_leave_the_owners_transaction_is_named(chain: Chain) -> None:
    """Alembic itself has no word for it; the owner's rollback leaves nothing behind."""
    with chain.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")

        with pytest.raises(CommandError, match="inside a transaction") as caught:
            command.upgrade(config(connection=connection), "head")

    _, why, next_step = str(caught.value).splitlines()
    assert "expand_index_incidents_site_id_occurred_at.py:" in why
    assert "hand over an Engine" in next_step
    assert snapshot(chain) == ()


def test_url_in_attributes_is_enough(chain: Chain) -> None:
    """A password with a per cent sign passes here; in an ini option it would not."""
    command.upgrade(config(database_url=chain.engine.url), "head")

    assert chain.heads() == HEAD


def test_url_as_main_option_is_enough(chain: Chain) -> None:
    """The place where tools that know nothing of us put it."""
    made = config()
    url = chain.engine.url.render_as_string(hide_password=False)
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))

    command.upgrade(made, "head")

    assert chain.heads() == HEAD


def test_nothing_handed_over_is_refused_with_the_command_to_use() -> None:
    """Settings, lock and backup would be bypassed."""
    with pytest.raises(CommandError) as caught:
        command.upgrade(config(), "head")

    what, why, next_step = str(caught.value).splitlines()
    assert what == "No database was handed to Alembic."
    assert why.startswith("  why:  ")
    assert "python migrate.py upgrade" in next_step


@pytest.mark.skipif(
    not hasattr(Config, "get_alembic_option"),
    reason="Alembic reads pyproject.toml from 1.16 on and stops before env.py without it",
)
def test_plain_alembic_command_fails_without_a_traceback() -> None:
    """Whoever types `alembic upgrade` out of habit is told what to type instead."""
    result = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode != 0
    assert "python migrate.py" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_offline_mode_needs_no_database(capsys: pytest.CaptureFixture[str]) -> None:
    """SQL can be printed where no database can be reached."""
    command.upgrade(config(), "head", sql=True)

    assert "CREATE TABLE incidents" in capsys.readouterr().out


def test_env_prints_nothing(chain: Chain, capfd: pytest.CaptureFixture[str]) -> None:
    """What stands on stdout is a result or SQL."""
    chain.upgrade()

    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_ledger_schema_is_never_compared(chain: Chain) -> None:
    """Also where a team compares every schema: autogenerate must not drop the runner's tables."""
    chain.upgrade()
    chain.execute("CREATE SCHEMA migrator", "CREATE TABLE migrator.run (id bigint)")
    include_name = chain.through_env(lambda context: context.opts["include_name"])
    options = {"include_schemas": True, "include_name": include_name}

    with chain.engine.connect() as connection:
        seen_by_all = _compared(connection, {"include_schemas": True})
        seen = _compared(connection, options)

    assert "migrator" in seen_by_all
    assert "migrator" not in seen


@pytest.mark.parametrize("type_", [sa.JSON(), sa.ARRAY(sa.JSON())], ids=["json", "json[]"])
def test_json_default_does_not_break_the_comparison(
    chain: Chain, type_: sa.types.TypeEngine[Any]
) -> None:
    """`json` has no `=`, and Alembic lets the server compare defaults."""
    chain.upgrade()
    with _additional_model("notes", sa.Column("body", type_, server_default="{}")) as table:
        table.create(chain.engine)
        chain.execute("ALTER TABLE notes ALTER COLUMN body SET DEFAULT '{ }'")

        command.check(config(database_url=chain.engine.url))


@contextmanager
def _additional_model(name: str, column: sa.Column[Any]) -> Iterator[sa.Table]:
    table = sa.Table(name, Base.metadata, column)
    try:
        yield table
    finally:
        Base.metadata.remove(table)


def _compared(connection: sa.Connection, options: dict[str, object]) -> str:
    context = MigrationContext.configure(connection, opts=options)
    return str(compare_metadata(context, Base.metadata))
