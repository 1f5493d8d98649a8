"""A project folder that holds nothing but plugins, and distributions that bring more."""

from __future__ import annotations

import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst.config.binding.policy import Choice
from sst.config.declared.plugin_policy import PluginPolicy
from sst.db.url import DatabaseUrl
from sst.hooks.contract.application import ApplicationContext
from sst.hooks.contract.events import Event, EventKind
from sst.hooks.contract.revisions import Direction, Revision
from sst.hooks.contract.run import Failure, Run
from sst.hooks.manager import Deadlines, Discovery, Plugins, build, discover

if TYPE_CHECKING:
    from collections.abc import Collection

    from sst.errors import Problem

QUICK = Deadlines(each_seconds=0.3, total_seconds=0.5)
PATIENT = Deadlines(each_seconds=20, total_seconds=60)
"""For observers that must not hang: a busy machine is no reason to fail."""
HUNG = "__import__('tests.support.plugin_project').support.plugin_project.hang()"
"""Python: never come back while the test lasts. A thread must not outlive its test."""

_gates: list[threading.Event] = []


def hang() -> None:
    """Wait for the end of the test."""
    _gates.append(threading.Event())
    _gates[-1].wait(600)


def let_go() -> None:
    """Let all go on that hang."""
    while _gates:
        _gates.pop().set()


class PluginProject:
    """A project root with a `plugins/` folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "plugins"
        self.folder.mkdir(parents=True)

    def add(self, name: str, code: str) -> Path:
        """Write the plugin file *name*; a path such as `x/__init__` makes a package."""
        path = self.folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(code).lstrip("\n"))
        return path

    def discover(self, *names: str) -> Discovery:
        """Import the plugins *names*."""
        return discover(self.root, names)

    def problem(self, name: str) -> Problem:
        """Import the plugin *name* and return the one thing that is wrong with it."""
        [problem] = self.discover(name).problems
        return problem

    def plugins(
        self,
        *names: str,
        deadlines: Deadlines = PATIENT,
        hurried: Collection[str] = (),
        **configs: Any,
    ) -> Plugins:
        """Import and create the plugins *names*, which must be in order.

        Those in *hurried* are given up as soon as with `QUICK`, the others are not.
        """
        discovery = self.discover(*names)
        assert discovery.problems == ()
        quick = PluginPolicy(timeout_seconds=QUICK.each_seconds)
        choice = Choice({name: quick if name in hurried else PluginPolicy() for name in names})
        return build(discovery.found, configs, choice, deadlines=deadlines)


def install(site: Path, name: str, version: str, entry: str, **modules: str) -> None:
    """Write the distribution *name* into *site* as pip would: modules and metadata.

    *entry* is a line of `entry_points.txt` such as `gate = acme_gate`.
    """
    site.mkdir(parents=True, exist_ok=True)
    for module, code in modules.items():
        (site / f"{module}.py").write_text(textwrap.dedent(code).lstrip("\n"))
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[sst.plugins]\n{entry}\n")


def a_revision(identifier: str = "a1", description: str = "create table site") -> Revision:
    """Return a revision."""
    return Revision(identifier, (), description)


def a_run(root: Path = Path(), **changes: Any) -> Run:
    """Return a run of one revision; its look at the database does not work."""
    values: dict[str, Any] = {
        "id": "run-1",
        "command": "upgrade",
        "direction": Direction.UPGRADE,
        "target": "head",
        "environment": "testing",
        "database": "postgresql://app@db.example:5432/app",
        "before": (),
        "after": ("a1",),
        "plan": (a_revision(),),
        "started_at": datetime(2026, 11, 20, tzinfo=UTC),
        "project_root": root,
        "database_url": DatabaseUrl("postgresql://app@db.example:5432/app"),
        "inspect": lambda: None,
    }
    return Run(**values | changes)


def an_application(root: Path = Path(), **changes: Any) -> ApplicationContext:
    """Return an application without Redis; its look at the database does not work."""
    values: dict[str, Any] = {
        "environment": "testing",
        "project_root": root,
        "database_url": lambda: DatabaseUrl("postgresql://app@db.example:5432/app"),
        "engine": lambda: None,
        "redis_url": None,
        "inspect": lambda: None,
    }
    return ApplicationContext(**values | changes)


def an_event(kind: EventKind = EventKind.RUN_SUCCEEDED, **changes: Any) -> Event:
    """Return an event of the run."""
    values: dict[str, Any] = {
        "run_id": "run-1",
        "command": "upgrade",
        "environment": "testing",
        "database": "postgresql://app@db.example:5432/app",
        "message": "the database is at a1",
    }
    return Event(kind, **values | changes)


def a_failure() -> Failure:
    """Return the failure of the run's revision."""
    return Failure("revision_failed", "boom", "revision", revision="a1")
