"""Branches, merges, dependencies and long histories leave the heads that were planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs
from tests.support.driven import DOWN, Driven
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.lowest
def test_labelled_branches_and_their_merge(tmp_path: Path, drive: Callable[..., Driven]) -> None:
    """The heads after every step are the database's, through branch, merge and back."""
    project = ForeignProject.create(tmp_path, envs.HANDED).line("aa01", "bb02")
    project.revision("cc03", "bb02", label="billing").revision("dd04", "bb02", label="stock")
    project.revision("ee05", "dd04").revision("ff06", ["cc03", "ee05"])
    driven = drive(project)

    one = driven.go("billing@cc03")
    both = driven.go("ee05")
    merged = driven.go("head")
    split = driven.go("-1", DOWN)
    base = driven.go("base", DOWN)

    assert one == ("cc03",)
    assert both == ("cc03", "ee05")
    assert merged == ("ff06",)
    assert split == ("cc03", "ee05")
    assert base == ()


def test_dependency_between_branches_keeps_one_row(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """A head that another one depends on has no row of its own."""
    project = ForeignProject.create(tmp_path, envs.HANDED).revision("aa01", label="core")
    project.revision("bb02", label="shop", depends_on="aa01").revision("cc03", "aa01")
    driven = drive(project)

    heads = driven.go("heads")

    assert heads == driven.project.heads == ("bb02", "cc03")
    assert driven.go("shop@base", DOWN) == ("cc03",)


@pytest.mark.lowest
def test_batch_mode_and_autocommit_blocks_run(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """CREATE INDEX CONCURRENTLY cannot run inside a transaction."""
    concurrently = """
    with op.get_context().autocommit_block():
        op.create_index("ix", "t_aa01", ["id"], postgresql_concurrently=True)
    """
    batch = """
    with op.batch_alter_table("t_aa01") as table:
        table.add_column(sa.Column("name", sa.Text))
    """
    env = envs.configured("target_metadata=None, render_as_batch=True")
    project = ForeignProject.create(tmp_path, env).revision("aa01")
    project.revision("bb02", "aa01", up=concurrently, undo="pass")
    project.revision("cc03", "bb02", up=batch, undo="pass")

    driven = drive(project)

    assert driven.go("head") == ("cc03",)
    assert (
        driven.fetch("select indisvalid from pg_index where indexrelid = 'ix'::regclass") is True
    )


@pytest.mark.lowest
def test_stamp_writes_without_running(tmp_path: Path, drive: Callable[..., Driven]) -> None:
    """For a database that has the tables already."""
    project = ForeignProject.create(tmp_path, envs.STOCK).line("aa01", "bb02")
    driven = drive(project.revision("cc03", "aa01", label="other"))

    written = driven.project.stamp(["heads"], driven.connection, driven.url)
    back = driven.project.stamp(["base"], driven.connection, driven.url)

    assert (written, back) == (("bb02", "cc03"), ())
    assert driven.current() == ()
    assert driven.tables() == {"alembic_version"}


@pytest.mark.lowest
@pytest.mark.slow
def test_hundreds_of_revisions_go_up_and_down(
    tmp_path: Path, drive: Callable[..., Driven]
) -> None:
    """One run of env.py for each, and nothing that grows with the square."""
    names = [f"r{number:04d}" for number in range(300)]
    project = ForeignProject.create(tmp_path, envs.HANDED)
    for below, name in zip([None, *names], names, strict=False):
        project.revision(name, below, up="op.execute('select 1')", undo="op.execute('select 1')")
    driven = drive(project)

    assert driven.go("head") == ("r0299",)
    assert driven.go("-300", DOWN) == ()
