"""What env.py prints and configures stays within its run; the SQL of a step is its SQL."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs
from tests.support.driven import DOWN, Driven, env_of
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NOISY = """
print("from an import")
revision = "zz99"
down_revision = "aa01"
def upgrade(): pass
def downgrade(): pass
"""


def test_prints_never_reach_stdout(
    tmp_path: Path, drive: Callable[..., Driven], capfd: pytest.CaptureFixture[str]
) -> None:
    """Stdout belongs to results: JSON, or SQL."""
    up = 'print("from the revision")\nimport os\nos.system("echo from a program")'
    env = 'print("from env.py")\n' + envs.STOCK
    project = ForeignProject.create(tmp_path, env).revision("aa01", up=up)
    project.write("migrations/versions/noisy.py", _NOISY)
    driven = drive(project)

    driven.go("aa01")
    (shown,) = driven.project.sql(driven.plan("base", DOWN), driven.url)

    captured = capfd.readouterr()
    assert captured.out == ""
    printed = {"from env.py", "from the revision", "from a program", "from an import"}
    assert printed <= {*captured.err.splitlines()}
    assert shown.sql is not None
    assert "env.py" not in shown.sql


def test_logging_is_as_before_after_a_run(tmp_path: Path, drive: Callable[..., Driven]) -> None:
    """The stock env.py calls fileConfig, which disables every logger that exists."""
    project = ForeignProject.create(tmp_path, envs.STOCK).line("aa01").with_ini()
    ours, engine, root = (logging.getLogger(n) for n in ("sst.cli", "sqlalchemy.engine", ""))
    handler = logging.NullHandler()
    ours.addHandler(handler)
    before = (root.level, list(root.handlers), engine.level, engine.propagate)

    drive(project).go("head")

    assert (root.level, list(root.handlers), engine.level, engine.propagate) == before
    assert (ours.disabled, ours.handlers) == (False, [handler])
    ours.removeHandler(handler)


@pytest.mark.lowest
@pytest.mark.parametrize("kind", ["stock", "async"])
def test_sql_of_a_step_is_what_the_step_does(
    kind: str, tmp_path: Path, drive: Callable[..., Driven], database_url: str
) -> None:
    """Run by hand, the text leads where apply() leads."""
    env, url = env_of(kind, database_url)
    driven = drive(ForeignProject.create(tmp_path, env).line("aa01", "bb02", "cc03"), url)
    driven.go("+1")

    shown = driven.project.sql(driven.plan("head"), driven.url)
    for each in shown:
        assert each.sql is not None
        assert each.sql.startswith("BEGIN;")
        driven.connection.exec_driver_sql(each.sql)
    driven.connection.rollback()

    assert [each.revision for each in shown] == ["bb02", "cc03"]
    assert driven.current() == ("cc03",)
    assert {"t_bb02", "t_cc03"} <= driven.tables()


@pytest.mark.lowest
def test_revision_that_reads_data_has_a_reason_and_the_rest_have_sql(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """One old data revision must not hide the SQL of all others."""
    reads = 'rows = op.get_bind().execute(sa.text("select 1")).fetchall()'
    project = ForeignProject.create(tmp_path, envs.STOCK).revision("aa01")
    driven = drive(project.revision("bb02", "aa01", up=reads).revision("cc03", "bb02"))

    first, second, third = driven.project.sql(driven.plan("head"), driven.url)

    assert first.sql is not None
    assert (second.sql, third.reason) == (None, None)
    assert second.reason is not None
    assert second.reason.startswith("needs the database to run")
    assert third.sql is not None
    assert "t_cc03" in third.sql


def test_env_without_offline_mode_gives_a_reason_for_every_step(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """An env.py that always wants its connection."""
    driven = drive(ForeignProject.create(tmp_path, envs.HANDED).line("aa01", "bb02"))

    shown = driven.project.sql(driven.plan("head"), driven.url)

    assert [each.sql for each in shown] == [None, None]
    assert all("env.py cannot run without a connection" in (each.reason or "") for each in shown)
