"""The page of hooks is current, complete, and its examples are plugins that load and run."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click
import pytest
from fastapi import APIRouter

from sst.hooks.contract import specs
from sst.hooks.contract.commands import Restored
from sst.hooks.contract.events import EventKind
from sst.hooks.contract.modes import MODES, Mode
from sst.hooks.contract.run import Backup, Veto
from sst.hooks.finding.hook_functions import hook_arguments
from sst.hooks.manager import HookFailedError
from sst.hooks.tools.reference import HookEntry, example_plugin, hook_entries, hooks_reference
from sst.testing import a_backup
from tests.support.plugin_project import (
    a_failure,
    a_revision,
    a_run,
    an_application,
    an_event,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import Message, Receive, Scope, Send

    from sst.hooks import Middleware
    from sst.hooks.manager import Plugins
    from tests.support.plugin_project import PluginProject

PAGE = Path(__file__).parents[4] / "docs" / "plugin-authors" / "hooks.md"
DESIGNED = {
    "config_values": "collect",
    "resolve_database_url": "first",
    "copy_schema": "first",
    "judge": "collect",
    "list_targets": "collect",
    "register_checks": "collect",
    "register_commands": "collect",
    "register_engines": "collect",
    "register_routers": "collect",
    "register_middleware": "collect",
    "register_migrations": "collect",
    "review_plan": "gate",
    "pre_migrate": "gate",
    "post_backup": "observe",
    "restore_backup": "first",
    "around_migrate": "around",
    "pre_revision": "gate",
    "in_revision": "gate",
    "post_revision": "observe",
    "post_migrate": "gate",
    "migrate_failed": "observe",
    "notify": "observe",
}
"""The contract: names and modes are permanent."""


def entries() -> list[Any]:
    """Return every hook's entry under the hook's name."""
    return [pytest.param(entry, id=entry.name) for entry in hook_entries()]


def test_page_is_current() -> None:
    """Run `make references` after a change of the specs."""
    assert PAGE.read_text(encoding="utf-8") == hooks_reference()


def test_hooks_and_their_modes_are_the_contracts() -> None:
    assert {name: str(mode) for name, mode in MODES.items()} == DESIGNED


def test_every_spec_has_an_entry() -> None:
    marked = {name for name, value in vars(specs).items() if hasattr(value, "sst_spec")}

    assert marked == {entry.name for entry in hook_entries()}


@pytest.mark.parametrize("entry", entries())
def test_entry_is_complete(entry: HookEntry) -> None:
    section = _section(PAGE.read_text(encoding="utf-8"), entry.name)

    assert all((entry.text, entry.called, entry.raising))
    for argument in hook_arguments(entry.name):
        assert re.search(rf"\b{argument}: ", entry.signature)
    for part in (entry.signature, entry.text, entry.called, entry.raising, entry.example):
        assert part in section


@pytest.mark.parametrize("entry", entries())
def test_example_is_a_plugin_that_loads(entry: HookEntry, project: PluginProject) -> None:
    project.add("example", example_plugin(entry))

    discovery = project.discover("example")

    assert discovery.problems == ()
    assert discovery.found[0].hooks == (entry.name,)


def test_examples_do_what_they_say(project: PluginProject) -> None:
    """Each is called the way the core calls its mode."""
    for entry in hook_entries():
        project.add(f"example_{entry.name}", example_plugin(entry))
    plugins = project.plugins(*(f"example_{name}" for name in MODES))

    [values] = plugins.collect(
        "config_values", environment="x", wanted=("DATABASE_URL", "X"), project_root=Path()
    )
    [check] = plugins.collect("register_checks")
    [command] = plugins.collect("register_commands")
    [router] = plugins.collect("register_routers", application=an_application())
    [middleware] = plugins.collect("register_middleware", application=an_application())
    [migrations] = plugins.collect("register_migrations")
    url = plugins.first("resolve_database_url", url="local", project_root=Path())

    assert values.value == {"DATABASE_URL": "postgresql://app@db.example/app"}
    assert check.value.name == "sites"
    assert isinstance(command.value, click.Command)
    assert isinstance(router.value, APIRouter)
    assert _headers_after(middleware.value) == [(b"x-environment", b"testing")]
    assert migrations.value.branch_label == "audit"
    assert url == "postgresql:///app?host=/run/postgresql"


def test_example_restore_calls_its_program_and_says_where_it_is(project: PluginProject) -> None:
    program = project.root / "roll-back"
    program.write_text('#!/bin/sh\necho "$1" > "$(dirname "$0")/called"\n')
    program.chmod(0o755)
    work, backup = _Work(project.root), Backup("b1", "/volume/b1", 1, "0" * 64, verified=True)

    restored = _with_examples(project, Mode.FIRST).first(
        "restore_backup", work=work, backup=backup
    )

    assert (project.root / "called").read_text() == "/volume/b1\n"
    assert isinstance(restored, Restored)
    assert (restored.backup_id, restored.heads) == ("b1", ("a1",))
    assert work.told == [("rolled back to b1", ("a1",), backup)]


def test_example_gates_refuse_as_they_say(project: PluginProject) -> None:
    plugins = _with_examples(project, Mode.GATE)
    friday = a_run(environment="production")
    drop = a_revision(description="drop table site")

    vetoes = [
        _veto(plugins, "review_plan", run=a_run(plan=(drop,) * 21)),
        _veto(plugins, "pre_migrate", run=friday),
        _veto(plugins, "pre_revision", run=friday, revision=drop),
        _veto(plugins, "post_migrate", run=a_run(inspect=_NoRows)),
    ]

    assert [veto.reason for veto in vetoes] == [
        "21 revisions at once",
        "no migration on a Friday",
        "a1 drops something",
        "the table site is empty",
    ]


def test_example_inside_a_revision_sets_its_role(project: PluginProject) -> None:
    sent: list[str] = []
    connection = SimpleNamespace(exec_driver_sql=sent.append)

    _with_examples(project, Mode.GATE).gate(
        "in_revision", run=a_run(), revision=a_revision(), connection=connection
    )

    assert sent == ["SET LOCAL application_name = 'revision a1'", "SET ROLE app_owner"]


def test_example_around_puts_its_page_up_and_down(project: PluginProject) -> None:
    plugins = _with_examples(project, Mode.AROUND)
    page = project.root / "maintenance.html"

    with plugins.around("around_migrate", run=a_run(project.root)):
        was_up = page.exists()

    assert was_up
    assert not page.exists()


def test_example_observers_tell(
    project: PluginProject, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins, run = _with_examples(project, Mode.OBSERVE), a_run(project.root)

    problems = (
        *plugins.observe("post_backup", run=run, backup=a_backup()),
        *plugins.observe("post_revision", run=run, revision=a_revision()),
        *plugins.observe("migrate_failed", run=run, failure=a_failure()),
        *plugins.observe("notify", event=an_event(EventKind.RUN_FAILED)),
    )

    assert problems == ()
    assert (project.root / "backups.txt").read_text().startswith("run-1 /backups/")
    assert (project.root / "applied.txt").read_text() == "a1 create table site\n"
    assert capsys.readouterr().err == (
        "run-1: boom; committed: ()\npage somebody: the database is at a1\n"
    )


class _Work:
    """Work that holds no lock; remembers what was restored."""

    heads = ("a1",)

    def __init__(self, root: Path) -> None:
        self.project_root = root
        self.told: list[tuple[str, tuple[str, ...], Backup]] = []

    def restored(self, message: str, *, heads: tuple[str, ...], backup: Backup) -> None:
        """Remember it."""
        self.told.append((message, heads, backup))


def _headers_after(middleware: Middleware) -> list[tuple[bytes, bytes]]:
    """Return the headers that *middleware* makes of an answer without any."""
    sent: list[Any] = []

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def nothing() -> Message:
        return {}

    async def keep(message: Message) -> None:
        sent.append(message)

    asyncio.run(_awaited(middleware(answer)({"type": "http"}, nothing, keep)))
    headers: list[tuple[bytes, bytes]] = sent[0]["headers"]
    return headers


async def _awaited(answer: Awaitable[None]) -> None:
    await answer


class _NoRows(AbstractContextManager["_NoRows"]):
    """A look at a database whose tables are empty."""

    def __exit__(self, *exc_info: object) -> None:
        """Close nothing."""

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """Return nothing for any *sql*."""
        del sql
        return []


def _with_examples(project: PluginProject, mode: Mode) -> Plugins:
    chosen = [entry for entry in hook_entries() if entry.mode is mode]
    for entry in chosen:
        project.add(f"example_{entry.name}", example_plugin(entry))
    return project.plugins(*(f"example_{entry.name}" for entry in chosen))


def _veto(plugins: Plugins, hook: str, **arguments: Any) -> Veto:
    with pytest.raises(HookFailedError) as raised:
        plugins.gate(hook, **arguments)
    assert raised.value.veto is not None
    return raised.value.veto


def _section(page: str, name: str) -> str:
    return page.split(f"\n## {name}\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
