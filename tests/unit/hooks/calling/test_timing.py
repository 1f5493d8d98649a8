"""What a hook's calls took is counted by plugin and hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.hooks.calling.timing import CallLog, HookCall
from sst.hooks.manager import HookFailedError
from tests.support.plugin_project import a_run

if TYPE_CHECKING:
    from tests.support.plugin_project import PluginProject

HEAD = "from sst.hooks import hookimpl"


def test_calls_are_noted_in_the_order_of_their_ends(project: PluginProject) -> None:
    project.add("quiet", f"{HEAD}\n@hookimpl\ndef pre_migrate():\n    pass\n")
    project.add("loud", f"{HEAD}\n@hookimpl\ndef pre_migrate():\n    raise OSError\n")
    plugins = project.plugins("quiet", "loud")

    with pytest.raises(HookFailedError):
        plugins.gate("pre_migrate", run=a_run(project.root))

    noted = [(call.plugin, call.hook, call.has_raised) for call in plugins.log.calls]
    assert noted == [("quiet", "pre_migrate", False), ("loud", "pre_migrate", True)]


def test_context_manager_counts_from_entering_to_leaving_without_the_body(
    project: PluginProject,
) -> None:
    project.add(
        "page",
        f"{HEAD}\nfrom contextlib import contextmanager\n@hookimpl\n@contextmanager\n"
        "def around_migrate():\n    yield\n",
    )
    plugins = project.plugins("page")

    with plugins.around("around_migrate", run=a_run(project.root)):
        during = len(plugins.log.calls)

    assert during == 1
    assert [call.hook for call in plugins.log.calls] == ["around_migrate"] * 2


def test_totals_sum_by_plugin_and_hook() -> None:
    log = CallLog(
        [
            HookCall("notify", "notify", 0.25, has_raised=False),
            HookCall("backup", "pre_migrate", 2.0, has_raised=False),
            HookCall("notify", "notify", 0.5, has_raised=True),
        ]
    )

    assert log.totals() == [
        {"plugin": "notify", "hook": "notify", "calls": 2, "failed": 1, "duration_ms": 750.0},
        {
            "plugin": "backup",
            "hook": "pre_migrate",
            "calls": 1,
            "failed": 0,
            "duration_ms": 2000.0,
        },
    ]
