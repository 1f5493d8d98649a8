"""Observers change nothing: not by raising, not by exiting, not by hanging."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sst.hooks.manager import Deadlines
from tests.support.plugin_project import PATIENT, QUICK, a_failure, a_revision, a_run, an_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from sst.hooks.manager import Plugins
    from tests.support.plugin_project import PluginProject

HEAD = (
    "import threading\nfrom sst.hooks import hookimpl\n\nseen = []\nrelease = threading.Event()\n"
)
RECORD = "seen.append(event)"
HANG = "seen.append(event); release.wait(60)"


@pytest.fixture
def released(project: PluginProject) -> Iterator[None]:
    """Let hanging observers go at the end: a thread must not outlive its test."""
    yield
    for name in ("hanging", "hanging2"):
        if (project.folder / f"{name}.py").exists():
            module(project, name).release.set()


def write_observer(project: PluginProject, name: str, body: str) -> None:
    """Add a plugin that does *body* with every event; `seen` is its module's list."""
    project.add(name, f"{HEAD}\n@hookimpl\ndef notify(event):\n    {body}\n")


def module(project: PluginProject, name: str) -> ModuleType:
    """Return the module of the plugin *name*."""
    [found] = project.discover(name).found
    return found.module


@pytest.mark.parametrize("error", ["OSError('no network')", "SystemExit(3)", "KeyboardInterrupt"])
def test_observer_that_raises_is_named_and_changes_nothing(
    project: PluginProject, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    write_observer(project, "broken", f"raise {error}")
    write_observer(project, "good", RECORD)
    plugins, event = project.plugins("broken", "good"), an_event()

    [problem] = plugins.observe("notify", event=event)

    assert (problem.plugin, problem.hook) == ("broken", "notify")
    assert problem.what.startswith(f"raised {error.split('(', maxsplit=1)[0]}")
    assert problem.what.endswith("[plugins/broken.py:9]")
    assert str(problem) in caplog.text
    assert seen(plugins, "good") == [event]


@pytest.mark.usefixtures("released")
def test_hanging_observer_is_given_up_and_the_next_is_told(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    write_observer(project, "hanging", HANG)
    write_observer(project, "good", RECORD)
    plugins = project.plugins("hanging", "good", hurried=["hanging"])

    [problem] = plugins.observe("notify", event=an_event())

    assert problem.plugin == "hanging"
    assert problem.what == "no answer within 0.3 s"
    assert "plugin hanging, notify: no answer within 0.3 s" in caplog.text
    assert len(seen(plugins, "good")) == 1


@pytest.mark.usefixtures("released")
def test_observer_that_hangs_costs_its_deadline_once(project: PluginProject) -> None:
    """A hundred revisions must not wait a hundred times for one dead webhook."""
    write_observer(project, "hanging", HANG)
    plugins = project.plugins("hanging", deadlines=QUICK)
    plugins.observe("notify", event=an_event())

    [problem] = plugins.observe("notify", event=an_event())

    assert problem.what == "not called: its previous call has not ended yet"
    assert len(seen(plugins, "hanging")) == 1


def test_observer_that_recovered_is_told_again(project: PluginProject) -> None:
    write_observer(project, "hanging", HANG)
    plugins = project.plugins("hanging", deadlines=QUICK)
    plugins.observe("notify", event=an_event())
    module_of(plugins, "hanging").release.set()
    assert plugins._observers._busy["hanging", "notify"].failure(30) is None
    plugins._observers.deadlines = PATIENT

    problems = plugins.observe("notify", event=an_event())

    assert problems == ()
    assert len(seen(plugins, "hanging")) == 2


@pytest.mark.usefixtures("released")
def test_all_observers_together_have_a_deadline(project: PluginProject) -> None:
    for name in ("hanging", "hanging2"):
        write_observer(project, name, HANG)
    write_observer(project, "late", RECORD)
    deadlines = Deadlines(each_seconds=0.3, total_seconds=0.3)
    plugins = project.plugins("hanging", "hanging2", "late", deadlines=deadlines)

    problems = plugins.observe("notify", event=an_event())

    assert [problem.plugin for problem in problems] == ["hanging", "hanging2", "late"]
    assert problems[-1].what == "not called: the plugins before it used up the time"
    assert seen(plugins, "late") == []


def test_hanging_observer_does_not_keep_the_process_alive(project: PluginProject) -> None:
    """A pool's thread would: the interpreter waits for it at its end."""
    write_observer(project, "hanging", "import time; time.sleep(600)")
    script = (
        "from pathlib import Path\n"
        "from tests.support.plugin_project import PluginProject, QUICK, an_event\n"
        "from sst.hooks.manager import build, discover\n"
        f"found = discover(Path({str(project.root)!r}), ['hanging']).found\n"
        "build(found, {}, deadlines=QUICK).observe('notify', event=an_event())\n"
        "print('told')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (0, "told\n")


@pytest.mark.parametrize(
    ("hook", "order"), [("post_revision", "b a "), ("migrate_failed", "a b ")]
)
def test_observers_are_told_in_list_order_and_of_a_failure_in_reverse(
    project: PluginProject, hook: str, order: str
) -> None:
    for name in ("b", "a"):
        body = f"with (run.project_root / 'trace.txt').open('a') as file: file.write('{name} ')"
        project.add(name, f"{HEAD}\n@hookimpl\ndef {hook}(run):\n    {body}\n")
    plugins = project.plugins("b", "a")
    about: Any = {"revision": a_revision()}
    if hook == "migrate_failed":
        about = {"failure": a_failure()}

    plugins.observe(hook, run=a_run(project.root), **about)

    assert (project.root / "trace.txt").read_text() == order


def test_only_those_named_are_told(project: PluginProject) -> None:
    """Who never prepared anything has nothing to undo."""
    for name in ("entered", "not_entered"):
        body = f"raise OSError('{name}')"
        project.add(name, f"{HEAD}\n@hookimpl\ndef migrate_failed():\n    {body}\n")
    plugins = project.plugins("entered", "not_entered")

    problems = plugins.observe(
        "migrate_failed", only={"entered"}, run=a_run(), failure=a_failure()
    )

    assert [problem.plugin for problem in problems] == ["entered"]


def test_observer_gets_the_same_frozen_values(project: PluginProject) -> None:
    body = "revision.id = 'other'"
    project.add("vandal", f"{HEAD}\n@hookimpl\ndef post_revision(revision):\n    {body}\n")
    plugins, revision = project.plugins("vandal"), a_revision()

    [problem] = plugins.observe("post_revision", run=a_run(), revision=revision)

    assert "FrozenInstanceError" in problem.what
    assert revision.id == "a1"


def module_of(plugins: Plugins, name: str) -> ModuleType:
    """Return the module of the loaded plugin *name*."""
    return plugins._found[name].module


def seen(plugins: Plugins, name: str) -> list[object]:
    """Return the events that the plugin *name* wrote down."""
    return list(plugins._found[name].module.seen)


def test_observer_is_called_in_the_same_thread_each_time(project: PluginProject) -> None:
    write_observer(project, "good", "seen.append(threading.get_ident())")
    plugins, event = project.plugins("good"), an_event()

    for _ in range(3):
        assert plugins.observe("notify", event=event) == ()

    assert len(set(module(project, "good").seen)) == 1


def test_threads_of_observers_end_with_their_plugins(project: PluginProject) -> None:
    """A test of a plugin that leaves a thread fails; ours is none of the plugin's."""
    write_observer(project, "good", RECORD)
    plugins, before = project.plugins("good"), set(threading.enumerate())
    plugins.observe("notify", event=an_event())

    plugins.close()

    assert set(threading.enumerate()) <= before


def test_observers_of_two_plugins_share_no_thread(project: PluginProject) -> None:
    """What one keeps for its thread is nothing for the other."""
    for name in ("good", "better"):
        write_observer(project, name, "seen.append(threading.get_ident())")
    plugins, event = project.plugins("good", "better"), an_event()

    plugins.observe("notify", event=event)

    assert module(project, "good").seen != module(project, "better").seen
