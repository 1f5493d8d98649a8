"""A hook's argument that will go: whoever asks for it is told when the plugin is loaded."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import pytest

from sst.hooks.contract import specs
from sst.hooks.contract.deprecation import DeprecatedArgumentWarning
from sst.hooks.contract.modes import DEPRECATED, MODES, Mode, hook
from sst.hooks.tools.reference import hooks_reference
from tests.support.plugin_project import an_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.plugin_project import PluginProject

ASKS = """
from sst.hooks import hookimpl

@hookimpl
def notify(event, channel):
    print(event.message, channel)
"""
ASKS_FOR_LESS = """
from sst.hooks import hookimpl

@hookimpl
def notify(event): ...
"""


@pytest.fixture
def deprecated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let `notify` offer one argument more, which is deprecated."""

    def notify(event: object, channel: str) -> None:
        """Tell somebody about *event* on *channel*."""

    notify.__doc__ = f"{specs.notify.__doc__}"
    declared = hook(Mode.OBSERVE, deprecated_arguments={"channel": "ask for event.channel"})
    monkeypatch.setattr(specs, "notify", declared(notify))
    yield
    del DEPRECATED["notify"]
    assert MODES["notify"] is Mode.OBSERVE


@pytest.mark.usefixtures("deprecated")
def test_author_is_warned_with_plugin_hook_and_argument(project: PluginProject) -> None:
    file = project.add("pager", ASKS)

    with pytest.warns(DeprecatedArgumentWarning) as caught:
        project.plugins("pager")

    [warning] = caught
    assert str(warning.message) == (
        "plugin pager: notify asks for channel, which is deprecated: ask for event.channel"
    )
    assert (warning.filename, warning.lineno) == (str(file), 3)


@pytest.mark.usefixtures("deprecated")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_operator_finds_it_in_the_log(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    """Python does not show a deprecation to those who only run a program."""
    project.add("pager", ASKS)

    project.plugins("pager")

    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "plugin pager: notify asks for channel, which is deprecated: "
        "ask for event.channel [plugins/pager.py:3]"
    )


@pytest.mark.usefixtures("deprecated")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_plugin_works_as_before(
    project: PluginProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project.add("pager", ASKS)

    problems = project.plugins("pager").observe("notify", event=an_event(), channel="ops")

    assert problems == ()
    assert capsys.readouterr().out == "the database is at a1 ops\n"


@pytest.mark.usefixtures("deprecated")
def test_plugin_that_does_not_ask_for_it_is_not_warned(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    project.add("pager", ASKS_FOR_LESS)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        project.plugins("pager")

    assert caplog.records == []


@pytest.mark.usefixtures("deprecated")
def test_reference_says_what_to_ask_for_instead() -> None:
    assert "- Deprecated: `channel`: ask for event.channel\n" in hooks_reference()
