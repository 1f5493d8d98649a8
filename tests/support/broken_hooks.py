"""A plugin with one broken hook between two that write down their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.project import Project

FAULTS = {
    "raises": "raise RuntimeError('on purpose')",
    "exits": "raise SystemExit(3)",
    "hangs": "time.sleep(600)",
    "returns nonsense": "return 42",
}
WITNESS = """
from contextlib import contextmanager
from pathlib import Path
import click
from sst.hooks import hookimpl

NAME = __name__.rsplit(".", 1)[-1]

def note(what):
    with (Path(__file__).parent.parent / "calls").open("a") as file:
        file.write(f"{NAME}.{what}\\n")

@hookimpl
def review_plan(run):
    note("review_plan")

@hookimpl
def pre_migrate(run):
    note("pre_migrate")

@hookimpl
def post_backup(run, backup):
    note("post_backup")

@hookimpl
@contextmanager
def around_migrate(run):
    note("enter")
    yield
    note("leave")

@hookimpl
def pre_revision(run, revision):
    note("pre_revision")

@hookimpl
def in_revision(run, revision, connection):
    note("in_revision")

@hookimpl
def post_revision(run, revision):
    note("post_revision")

@hookimpl
def post_migrate(run):
    note("post_migrate")

@hookimpl
def migrate_failed(run, failure):
    note("migrate_failed")

@hookimpl
def restore_backup(work, backup):
    note("restore_backup")

@hookimpl
def notify(event):
    note(event.kind)

@hookimpl
def register_commands():
    return [click.Command(f"say-{NAME}", callback=lambda: click.echo(NAME))]

@hookimpl
def register_routers():
    from fastapi import APIRouter

    router = APIRouter()
    router.add_api_route("/here", lambda: NAME)
    return [router]
"""
BROKEN = """
import time
from sst.hooks import hookimpl

@hookimpl
def {hook}():
    {body}
"""
ENTERED = "\n@hookimpl\ndef pre_migrate(run):\n    pass\n"
BACKED_UP = """
from sst.hooks import Backup

@hookimpl
def pre_migrate(run):
    return Backup("b-1", "file:///b-1", 1, "0" * 64, True, "restore b-1")
"""
BESIDE = {"migrate_failed": ENTERED, "restore_backup": BACKED_UP, "post_backup": BACKED_UP}
"""What else the broken plugin must have for the hook to be called."""


def break_hook(project: Project, hook: str, fault: str, *more: str) -> None:
    """Enable the plugins `a`, `broken`, `b` and *more*; *hook* of the second one does *fault*."""
    for name in ("a", "b"):
        project.plugin(name, WITNESS)
    broken = BROKEN.format(hook=hook, body=FAULTS[fault])
    project.plugin("broken", broken + BESIDE.get(hook, ""))
    project.enable("a", "broken", "b", *more)
    with (project.root / "settings.toml").open("a") as file:
        file.write("\n[default.plugins.broken]\ntimeout_seconds = 0.3\n")


def calls(project: Project) -> list[str]:
    """Return what the witnesses have written down."""
    path = project.root / "calls"
    return path.read_text().split() if path.exists() else []


def record(project: Project) -> tuple[str | None, str]:
    """Return the outcome of the run on record and its error's text."""
    if project.query("select to_regclass('migrator.run')") == [(None,)]:
        return None, ""
    row = project.last_run()
    return row["outcome"], (row["error"] or {}).get("text", "")
