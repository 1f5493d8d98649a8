"""Plugins stand around a run's steps; none of them can hide what happened inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.hooks.manager import HookFailedError
from tests.support.plugin_project import a_run

if TYPE_CHECKING:
    from sst.hooks.manager import Plugins
    from tests.support.plugin_project import PluginProject

HEAD = "from contextlib import contextmanager\nfrom sst.hooks import hookimpl\n\nlog = []\n"


class StepFailedError(Exception):
    """Stands for what a revision raises."""


def write_around(project: PluginProject, name: str, body: str) -> None:
    """Add a plugin whose context manager has *body*; `log` is its module's list."""
    lines = body.replace("\n", "\n    ")
    code = f"@hookimpl\n@contextmanager\ndef around_migrate(run):\n    {lines}\n"
    project.add(name, f"{HEAD}\n{code}")


def write_tracer(project: PluginProject, name: str) -> None:
    """Add a plugin that writes down when it is entered and left."""
    file = "(run.project_root / 'trace.txt')"
    body = (
        f"with {file}.open('a') as file: file.write('+{name} ')\n"
        "try:\n    yield\nfinally:\n"
        f"    with {file}.open('a') as file: file.write('-{name} ')"
    )
    write_around(project, name, body)


def test_first_plugin_is_the_outermost(project: PluginProject) -> None:
    for name in ("b", "a"):
        write_tracer(project, name)
    plugins = project.plugins("b", "a")

    with plugins.around("around_migrate", run=a_run(project.root)):
        inside = (project.root / "trace.txt").read_text()

    assert inside == "+b +a "
    assert (project.root / "trace.txt").read_text() == "+b +a -a -b "


def test_nobody_around_is_fine(project: PluginProject) -> None:
    project.add("shy", f"{HEAD}\n@hookimpl\ndef around_migrate(run): return None\n")
    plugins = project.plugins("shy")

    with plugins.around("around_migrate", run=a_run()):
        ran = True

    assert ran


def test_swallowed_failure_is_raised_all_the_same(project: PluginProject) -> None:
    """A plugin must not turn a failed migration into exit 0."""
    write_around(project, "swallower", "try:\n    yield\nexcept BaseException:\n    pass")
    plugins = project.plugins("swallower")

    with pytest.raises(StepFailedError):
        run_around(plugins, StepFailedError())


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_swallowed_interrupt_is_raised_all_the_same(
    project: PluginProject, interrupt: type[BaseException]
) -> None:
    write_around(project, "swallower", "try:\n    yield\nexcept BaseException:\n    pass")
    plugins = project.plugins("swallower")

    with pytest.raises(interrupt):
        run_around(plugins, interrupt())


def test_other_error_does_not_mask_the_first_one(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    body = "try:\n    yield\nfinally:\n    raise OSError('cannot clean up')"
    write_around(project, "clumsy", body)
    plugins = project.plugins("clumsy")

    with pytest.raises(StepFailedError):
        run_around(plugins, StepFailedError())

    assert "plugin clumsy, around_migrate: raised OSError: cannot clean up" in caplog.text


def test_plugin_sees_the_failure(project: PluginProject) -> None:
    write_around(project, "witness", "try:\n    yield\nexcept Exception as e:\n    log.append(e)")
    plugins, error = project.plugins("witness"), StepFailedError()
    [found] = project.discover("witness").found

    with pytest.raises(StepFailedError):
        run_around(plugins, error)

    assert found.module.log == [error]


def test_failure_on_entering_leaves_the_entered_ones(project: PluginProject) -> None:
    """A maintenance page that was put up is taken down again."""
    write_tracer(project, "page")
    write_around(project, "broken", "raise OSError('no')\nyield")
    plugins = project.plugins("page", "broken")

    with pytest.raises(HookFailedError) as raised:
        run_around(plugins, run_root=project)

    assert (raised.value.plugin, raised.value.hook) == ("broken", "around_migrate")
    assert (project.root / "trace.txt").read_text() == "+page -page "


def test_failure_on_leaving_is_the_plugins(project: PluginProject) -> None:
    write_tracer(project, "page")
    write_around(project, "broken", "yield\nraise OSError('no')")
    plugins = project.plugins("page", "broken")

    with pytest.raises(HookFailedError, match="plugin broken failed in around_migrate"):
        run_around(plugins, run_root=project)

    assert (project.root / "trace.txt").read_text() == "+page -page "


def test_answer_that_is_no_context_manager_is_the_plugins_failure(project: PluginProject) -> None:
    project.add("wrong", f"{HEAD}\n@hookimpl\ndef around_migrate(run): return 42\n")
    plugins = project.plugins("wrong")

    with pytest.raises(HookFailedError, match="returned int, not a context manager"):
        run_around(plugins)


def run_around(
    plugins: Plugins, error: BaseException | None = None, run_root: PluginProject | None = None
) -> None:
    """Run a step that raises *error* with all *plugins* around it."""
    run = a_run(run_root.root) if run_root else a_run()
    with plugins.around("around_migrate", run=run):
        if error is not None:
            raise error
