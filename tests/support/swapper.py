"""A small plugin that works under the run's lock: it swaps databases as a restore does."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

SWAPPER = '''
"""Swap the database with a copy of it, as a restore does."""

import os
import time
from contextlib import closing
from pathlib import Path

import click
import psycopg2

from sst.hooks import Backup, CommandResult, Restored, Veto, hookimpl


def on_the_server(url, *statements):
    """Run *statements* on the maintenance database."""
    with closing(psycopg2.connect(url.with_database("postgres").reveal())) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)


def names(url):
    return url.name, url.name + "_copy", url.name + "_old"


def copy(work):
    """Make the copy that a swap puts in place."""
    live, copied, _ = names(work.database_url)
    with work.aside():
        on_the_server(work.database_url, f"CREATE DATABASE {copied} TEMPLATE {live}")


def swap(work, heads):
    live, copied, old = names(work.database_url)
    work.copy_record(work.database_url.with_database(copied), heads=heads)
    with work.aside():
        on_the_server(
            work.database_url,
            f"ALTER DATABASE {live} RENAME TO {old}", f"ALTER DATABASE {copied} RENAME TO {live}",
        )
        pause("swapped")
        Path("body-over").touch()


def pause(place):
    """Wait for the test, where the test wants it."""
    if os.environ.get("PAUSED") == place:
        Path(place).touch()
        while not Path(place + "-over").exists():
            time.sleep(0.02)


def copied_heads(work):
    _, copied, _ = names(work.database_url)
    url = work.database_url.with_database(copied)
    with closing(psycopg2.connect(url.reveal())) as connection, connection.cursor() as cursor:
        cursor.execute("select version_num from alembic_version")
        return tuple(row[0] for row in cursor.fetchall())


def move(url):
    """Write another revision into the version table, as a run would that slips in."""
    with closing(psycopg2.connect(url.reveal())) as connection:
        connection.cursor().execute("update alembic_version set version_num = 'zero'")
        connection.commit()


A_BACKUP = Backup("b-1", "/nowhere/b-1", 1, "0" * 64, True)


@click.group()
def work():
    """Work under the lock."""


@work.command("make-copy")
@click.pass_obj
def make_copy(context):
    with context.locked("copy", "now") as locked:
        copy(locked)
    return CommandResult("copied")


@work.command("swap")
@click.option("--lock-wait", type=float)
@click.pass_obj
def swap_command(context, lock_wait):
    with context.locked("restore", "b-1", lock_wait_seconds=lock_wait) as locked:
        with locked.inspect() as database:
            before = database.current
            heads = copied_heads(locked)
            swap(locked, heads)
            assert database.current == heads, database.current
        assert locked.heads == heads, locked.heads
        locked.restored("swapped", heads=heads, backup=A_BACKUP)
    data = {"before": list(before), "heads": list(heads)}
    return CommandResult("swapped", data=data, run_id=locked.id)


@work.command("end")
@click.argument("how")
@click.option("--unrecorded", is_flag=True)
@click.pass_obj
def end(context, how, unrecorded):
    with context.locked("work", how, on_record=not unrecorded) as locked:
        pause("working")
        if how == "veto":
            raise Veto("not today", "come back", code="not_today")
        if how == "bug":
            raise KeyError("what")
        if how == "sql":
            with locked.inspect() as database:
                database.fetch("select * from nowhere")
        if how == "heads":
            return CommandResult(",".join(locked.heads))


@work.command("alone")
@click.pass_obj
def alone(context):
    with context.locked("work", "alone") as locked, locked.alone(), locked.aside():
        pause("alone")


@work.command("needed")
@click.pass_obj
def needed(context):
    with context.inspect() as database:
        return CommandResult(data={"needed": sorted(database.needed_backups)})


class Plugin:
    @hookimpl
    def register_commands(self):
        return [work]

    @hookimpl
    def pre_migrate(self, run):
        """Make the copy as the run's backup, and do to the run what the test wants."""
        gate = os.environ.get("GATE")
        if gate is None:
            return None
        live, copied, _ = names(run.database_url)
        try:
            with run.aside():
                on_the_server(run.database_url, f"CREATE DATABASE {copied} TEMPLATE {live}")
                pause("aside")
                if gate == "move":
                    move(run.database_url)
                if gate == "hide":
                    move(run.database_url)
                    raise RuntimeError("swallowed below")
                if gate == "veto":
                    raise Veto("not while I look")
        except Exception:
            if gate not in ("move", "hide"):
                raise
        command = "" if gate == "nameless" else "restore b-1"
        return Backup("b-1", "/nowhere/b-1", 1, "0" * 64, True, command)

    @hookimpl
    def pre_revision(self, run, revision):
        if os.environ.get("GATE") == "late":
            with run.aside():
                pass

    @hookimpl
    def restore_backup(self, work, backup):
        how = os.environ.get("RESTORE")
        pause("restoring")
        if how == "none":
            return None
        if how == "veto":
            raise Veto("the archive is damaged")
        if how == "bug":
            raise KeyError("what")
        heads = copied_heads(work)
        swap(work, heads)
        work.restored(f"restored {backup.id}", heads=heads, backup=backup)
        return Restored(backup.id, heads, names(work.database_url)[2], 12, "restored b-1 in 12 ms")

    @hookimpl
    def notify(self, event):
        with open("events", "a") as file:
            file.write(f"{event.kind} {event.run_id} {event.command} {event.after}\\n")
'''


@pytest.fixture
def swapper(project: Project) -> Iterator[Project]:
    """Return a project at revision `one` whose plugin swaps the database with a copy of it."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.plugin("swapper", SWAPPER)
    project.enable("swapper")
    assert project.migrate("upgrade").exit_code == 0
    yield project
    name = make_url(project.database_url).database
    for other in (f"{name}_copy", f"{name}_old"):
        on_the_server(project, f"DROP DATABASE IF EXISTS {other} WITH (FORCE)")


def on_the_server(project: Project, statement: str) -> None:
    """Run *statement* on the maintenance database of the project's server."""
    url = make_url(project.database_url).set(database="postgres")
    with closing(connect(url.render_as_string(hide_password=False))) as connection:
        connection.cursor().execute(statement)


def rows(project: Project) -> list[tuple[object, ...]]:
    """Return command, outcome, heads and backup of every run, oldest first."""
    return project.query(
        "select command, outcome, to_heads, backup ->> 'id' from migrator.run order by started_at"
    )


def events(project: Project) -> list[str]:
    """Return what the plugin was told, a line each."""
    return (project.root / "events").read_text().splitlines()
