"""A command of a plugin that holds the lock of a project's runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

_HOLDER = """
import time
from pathlib import Path

import click

from sst.hooks import CommandResult, hookimpl

@click.command("hold")
@click.pass_obj
def hold(context):
    with context.locked("hold", "still", on_record={on_record}):
        Path("held").touch()
        while not Path("go").exists():
            time.sleep(0.05)
    return CommandResult()

@hookimpl
def register_commands():
    return [hold]
"""


@contextmanager
def lock_holder(project: Project, *, on_record: bool) -> Iterator[None]:
    """Hold the lock of *project*'s runs in another process, whose command is `hold still`."""
    project.plugin("holder", _HOLDER.format(on_record=on_record))
    project.enable("holder")
    work = project.start("hold")
    try:
        wait_until((project.root / "held").exists, "the lock is held")
        yield
    finally:
        (project.root / "go").touch()
        work.finish()
