"""What a plugin's call changes of the process is put back, and the plugin is named."""

from __future__ import annotations

import locale
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sst.hooks.calling.isolation import await_threads, threads_left
from sst.hooks.contract.run import Veto
from sst.hooks.manager import Deadlines, HookFailedError
from sst.redaction import plugin_output
from sst.redaction.plugin_output import LIMIT_CHARACTERS
from tests.support.forks import wait_until
from tests.support.plugin_project import QUICK, a_revision, a_run, an_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks.manager import Plugins
    from tests.support.plugin_project import PluginProject

IMPORTS = """
import locale, logging, os, signal, sys, threading, time
from contextlib import contextmanager
from sst.hooks import Check, Veto, hookimpl

go = threading.Event()
"""
CALLS = {
    "collect": "@hookimpl\ndef register_checks():\n    {body}\n",
    "first": "@hookimpl\ndef resolve_database_url(url):\n    {body}\n",
    "gate": "@hookimpl\ndef pre_revision(run, revision):\n    {body}\n",
    "observe": "@hookimpl\ndef notify(event):\n    {body}\n",
    "around": "@hookimpl\n@contextmanager\ndef around_migrate(run):\n    {body}\n    yield\n",
    "around end": "@hookimpl\n@contextmanager\ndef around_migrate(run):\n    yield\n    {body}\n",
}
CHANGES = {
    "the working folder": "os.chdir('/')",
    "a folder that is gone": "os.mkdir('gone'); os.chdir('gone'); os.rmdir(os.getcwd())",
    "os.environ (SST_A, SST_NEW, SST_OLD)": (
        "os.environ['SST_A'] = '2'; os.environ['SST_NEW'] = '1'; del os.environ['SST_OLD']"
    ),
    "os.environ": "os.environ = {}",
    "sys.path": "sys.path.insert(0, '/somewhere')",
    "the logging": "logging.disable(); logging.getLogger('sst').setLevel(60)",
    "the logging of others": (
        "import logging.config; logging.config.dictConfig({'version': 1, 'root': {'level': 50}})"
    ),
    "the locale": "locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
    "a stream": "sys.stdout = None; sys.stderr = None",
}
UNNAMED = ("a stream",)
"""Put back without a word: whatever a plugin prints goes through a stream of its call's."""
IN_THE_MAIN_THREAD = {
    "a signal's handler": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "the alarm clock": "signal.alarm(600)",
}
MAIN_CALLS = ("first", "gate", "around", "around end")
CASES = [(call, change) for call in CALLS for change in CHANGES] + [
    (call, change) for call in MAIN_CALLS for change in IN_THE_MAIN_THREAD
]


@pytest.fixture(autouse=True)
def place(project: PluginProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in the project's folder, with two variables of this test."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("SST_A", "1")
    monkeypatch.setenv("SST_OLD", "1")


def test_tests_see_every_change() -> None:
    """The look below would notice each of them, were nothing put back."""
    before = look()
    with changed_here():
        assert all(now != was for now, was in zip(look(), before, strict=True))


@pytest.mark.parametrize(("call", "change"), CASES, ids=[" changes ".join(x) for x in CASES])
def test_change_is_put_back_and_named(
    project: PluginProject, caplog: pytest.LogCaptureFixture, call: str, change: str
) -> None:
    body = (CHANGES | IN_THE_MAIN_THREAD)[change]
    project.add("wild", IMPORTS + CALLS[call].format(body=body))
    plugins, before = project.plugins("wild"), look()

    ask(plugins, project, call)

    assert look() == before
    named = {"a folder that is gone": "the working folder"}.get(change, change)
    assert [f"changed {named.removesuffix(' of others')}" in each for each in caplog.messages] == (
        [] if change in UNNAMED else [True]
    )
    assert all("plugin wild, " in each for each in caplog.messages)


def test_value_of_a_variable_is_not_logged(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    body = "os.environ['SST_A'] = 'hunter2'"
    project.add("wild", IMPORTS + CALLS["gate"].format(body=body))

    ask(project.plugins("wild"), project, "gate")

    assert "os.environ (SST_A)" in caplog.text
    assert "hunter2" not in caplog.text


def test_change_is_put_back_when_the_plugin_raises(project: PluginProject) -> None:
    project.add("wild", IMPORTS + CALLS["gate"].format(body="os.chdir('/'); raise Veto('no')"))
    plugins, before = project.plugins("wild"), look()

    with pytest.raises(HookFailedError) as caught:
        ask(plugins, project, "gate")

    assert isinstance(caught.value.error, Veto)
    assert look() == before


def test_change_at_import_is_put_back_and_named(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    before = look()
    project.add("wild", f"{IMPORTS}\nos.chdir('/')\n{CALLS['observe'].format(body='pass')}")

    project.plugins("wild")

    assert look() == before
    assert "plugin wild, import: changed the working folder (/); it is put back" in caplog.text


def test_quiet_plugin_is_not_named(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    body = "logging.getLogger('sst.new').warning('hello'); print('hello')"
    project.add("calm", IMPORTS + CALLS["gate"].format(body=body))

    ask(project.plugins("calm"), project, "gate")

    assert [record.name for record in caplog.records] == ["sst.new"]


@pytest.mark.parametrize("call", ["collect", "gate", "observe"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_flood_is_cut_and_counted(
    project: PluginProject,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    call: str,
    stream: str,
) -> None:
    body = f"[print('x' * 1023, file=sys.{stream}) for _ in range(1000)]; None"
    project.add("loud", IMPORTS + CALLS[call].format(body=body))

    ask(project.plugins("loud"), project, call)

    printed = "".join(capfd.readouterr())
    assert LIMIT_CHARACTERS <= len(printed) <= LIMIT_CHARACTERS + 1
    assert printed.endswith("\n")
    assert f"printed {1_024_000 - LIMIT_CHARACTERS} characters too many" in caplog.text


def test_every_call_may_print_again(
    project: PluginProject, capfd: pytest.CaptureFixture[str]
) -> None:
    project.add("loud", IMPORTS + CALLS["gate"].format(body="print('x' * 50_000)"))
    plugins = project.plugins("loud")

    for _ in range(3):
        ask(plugins, project, "gate")

    assert len(capfd.readouterr().out) == 3 * 50_001


def test_log_lines_count_as_well(
    project: PluginProject, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    body = "[logging.getLogger('sst.loud').error('x' * 1000) for _ in range(200)]; None"
    project.add("loud", IMPORTS + CALLS["gate"].format(body=body))
    plugins = project.plugins("loud")
    with plugin_output.forwarding(plugin_output.Quota()), to_stderr():
        ask(plugins, project, "gate")

    assert capfd.readouterr().err.count("x") <= LIMIT_CHARACTERS
    assert "characters too many" in caplog.text


def test_thread_of_a_plugin_counts_for_its_plugin(
    project: PluginProject, capfd: pytest.CaptureFixture[str]
) -> None:
    body = "t = threading.Thread(target=print, args=('x' * 100_000,)); t.start(); t.join()"
    project.add("loud", IMPORTS + CALLS["gate"].format(body=body))

    ask(project.plugins("loud"), project, "gate")

    assert len(capfd.readouterr().out) == LIMIT_CHARACTERS + 1


def test_observer_that_was_given_up_prints_no_more(
    project: PluginProject, capfd: pytest.CaptureFixture[str]
) -> None:
    """It would stand among the results."""
    body = "go.wait(60); print('late'); sys.stdout.flush()"
    project.add("late", IMPORTS + CALLS["observe"].format(body=body))
    plugins = project.plugins("late", deadlines=QUICK)
    with plugin_output.forwarding(plugin_output.Quota()):
        ask(plugins, project, "observe")
        plugins._found["late"].module.go.set()
        plugins._observers._busy["late", "notify"].failure(10)

    assert capfd.readouterr().out == ""


def test_threads_that_stay_are_named(project: PluginProject) -> None:
    body = "threading.Thread(target=go.wait, args=(60,), name='stays').start()"
    project.add("busy", IMPORTS + CALLS["gate"].format(body=body))
    plugins = project.plugins("busy")

    ask(plugins, project, "gate")

    stays = ("plugin busy, pre_revision", "stays")
    assert stays in threads_left()
    assert await_threads(0.01)
    plugins._found["busy"].module.go.set()
    assert not await_threads(10)
    assert stays not in threads_left()


def test_hung_observer_is_a_thread_that_stays(project: PluginProject) -> None:
    """It is a daemon: the process does not wait for it."""
    project.add("stuck", IMPORTS + CALLS["observe"].format(body="go.wait(60)"))
    plugins = project.plugins("stuck", deadlines=QUICK)

    ask(plugins, project, "observe")

    assert ("plugin stuck, notify", "notify-stuck") in threads_left()
    assert not await_threads(0.01)
    plugins._found["stuck"].module.go.set()
    wait_until(lambda: ("plugin stuck, notify", "notify-stuck") not in threads_left(), "it ends")


def test_next_plugin_is_called_in_a_clean_process(project: PluginProject) -> None:
    changes = "; ".join([CHANGES["the working folder"], CHANGES["os.environ"]])
    project.add("wild", IMPORTS + CALLS["observe"].format(body=changes))
    seen = "seen.append((os.getcwd(), dict(os.environ)))"
    project.add("next", f"{IMPORTS}\nseen = []\n{CALLS['observe'].format(body=seen)}")
    plugins = project.plugins("wild", "next")

    ask(plugins, project, "observe")

    assert plugins._found["next"].module.seen == [(str(Path.cwd()), dict(os.environ))]


def test_hung_observer_leaves_no_change_behind(project: PluginProject) -> None:
    project.add("hung", IMPORTS + CALLS["observe"].format(body="os.chdir('/'); go.wait(60)"))
    plugins, before = project.plugins("hung", deadlines=Deadlines(0.3, 0.5)), look()

    ask(plugins, project, "observe")

    assert look() == before
    plugins._found["hung"].module.go.set()


def look() -> list[Any]:
    """Return what every plugin shares with the process."""
    logger = logging.getLogger("sst")
    handlers = [
        (each.level, tuple(each.handlers), each.disabled) for each in (logging.root, logger)
    ]
    known = logging.root.manager.loggerDict.items()
    silent = [name for name, each in known if isinstance(each, logging.Logger) and each.disabled]
    return [
        Path.cwd(),
        (os.environ, dict(os.environ)),
        list(sys.path),
        [logging.root.manager.disable, *handlers, *silent],
        locale.setlocale(locale.LC_ALL),
        (type(sys.stdout), type(sys.stderr)),
        signal.getsignal(signal.SIGTERM),
        signal.getitimer(signal.ITIMER_REAL)[0] > 300,  # pytest has one of its own
    ]


@contextmanager
def changed_here() -> Iterator[None]:
    """Do all that the plugins do, and take it back by hand."""
    folder, path, was, streams = Path.cwd(), list(sys.path), os.environ, (sys.stdout, sys.stderr)
    alarm = signal.getitimer(signal.ITIMER_REAL)[0]
    handler, tongue = signal.getsignal(signal.SIGTERM), locale.setlocale(locale.LC_ALL)
    try:
        names = {"os": os, "sys": sys, "logging": logging, "locale": locale, "signal": signal}
        for name, body in (CHANGES | IN_THE_MAIN_THREAD).items():
            if name not in ("a folder that is gone", "the logging of others"):
                exec(body, names)  # noqa: S102 - what the plugins run
        yield
    finally:
        sys.stdout, sys.stderr = streams
        os.environ = was  # noqa: B003 - the object itself
        os.environ.update(SST_A="1", SST_OLD="1")
        os.environ.pop("SST_NEW", None)
        os.chdir(folder)
        sys.path[:] = path
        signal.signal(signal.SIGTERM, handler)
        signal.setitimer(signal.ITIMER_REAL, alarm)
        locale.setlocale(locale.LC_ALL, tongue)
        logging.disable(0)
        logging.getLogger("sst").setLevel(0)


@contextmanager
def to_stderr() -> Iterator[None]:
    """Send the log to stderr, as the command line does."""
    handler = logging.StreamHandler(sys.stderr)
    logging.root.addHandler(handler)
    yield
    logging.root.removeHandler(handler)


def ask(plugins: Plugins, project: PluginProject, call: str) -> None:
    """Call the hook of *call*."""
    run = a_run(project.root)
    if call == "collect":
        plugins.collect("register_checks")
    elif call == "first":
        plugins.first("resolve_database_url", url="x", project_root=Path())
    elif call == "gate":
        plugins.gate("pre_revision", run=run, revision=a_revision())
    elif call == "observe":
        plugins.observe("notify", event=an_event())
    else:
        with plugins.around("around_migrate", run=run):
            assert threading.current_thread() is threading.main_thread()
