"""What an operator decides about a plugin, as a run shows it: exit code, record, log."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.clone import Clone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

SMOKE = """
from sst.hooks import Veto, hookimpl

MAY_WARN = ("pre_migrate", "pre_revision", "post_migrate")

@hookimpl
def pre_migrate(run):
    raise OSError("no room")

@hookimpl
def pre_revision(run, revision):
    raise SystemExit(3)

@hookimpl
def post_migrate(run):
    {last}
"""
MARKER = """
from pathlib import Path
from sst.hooks import hookimpl
(Path(__file__).parent.parent / "imported").touch()

@hookimpl
def pre_migrate(run):
    raise OSError("was asked")
"""
CHECKS = """
from pathlib import Path
from sst.hooks import Check, CheckResult, CheckStatus, hookimpl

asked = Path(__file__).parent.parent / "asked"

@hookimpl
def register_checks():
    if asked.exists():
        raise OSError("no checks today")
    {first}
    return [Check("fine", lambda _: CheckResult(CheckStatus.PASS))]
"""


def decide(project: Project, *plugins: str, section: str) -> None:
    """Enable *plugins* and write *section* of settings.toml."""
    project.enable(*plugins)
    with (project.root / "settings.toml").open("a") as file:
        file.write(f"\n{section}\n")


def test_gates_that_may_warn_are_in_report_log_and_record(project: Project) -> None:
    project.revision("one")
    project.plugin("smoke", SMOKE.format(last="raise RuntimeError('sick')"))
    decide(project, "smoke", section='[default.plugins.smoke]\non_error = "warn"')

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    warnings = result.json["warnings"]
    told = ["pre_migrate: raised OSError", "pre_revision: raised SystemExit", "post_migrate: rais"]
    assert len(warnings) == 3
    for warning, words in zip(warnings, told, strict=True):
        assert f"plugin smoke, {words}" in warning
        assert f"plugin smoke, {words}" in result.stderr
    row = project.last_run()
    assert row["outcome"] == "succeeded"
    assert [each["hook"] for each in row["warnings"]] == [
        "pre_migrate",
        "pre_revision",
        "post_migrate",
    ]
    shown = project.migrate("runs", "show", row["id"])
    assert "plugin smoke, post_migrate: raised RuntimeError: sick" in shown.stdout


def test_veto_refuses_although_the_gate_may_warn(project: Project) -> None:
    project.revision("one")
    project.plugin("smoke", SMOKE.format(last="raise Veto('not like this')"))
    decide(project, "smoke", section='[default.plugins.smoke]\non_error = "warn"')

    result = project.migrate("upgrade", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (4, "unhealthy")
    assert "not like this" in result.json["error"]["message"]
    assert len(project.last_run()["warnings"]) == 2


@pytest.mark.parametrize(
    "words",
    [["--no-plugin", "marker", "upgrade"], ["upgrade", "--no-plugin", "marker"]],
    ids=["before", "behind"],
)
def test_plugin_that_is_left_out_is_not_imported_and_on_record(
    project: Project, words: list[str]
) -> None:
    project.revision("one")
    project.plugin("marker", MARKER)
    project.enable("marker")

    result = project.migrate(*words)

    assert result.exit_code == 0, result.output
    assert not (project.root / "imported").exists()
    assert project.last_run()["plugins"] == ["marker (--no-plugin)"]
    assert "without the plugin marker (--no-plugin)" in result.stderr


def test_unknown_name_to_leave_out_is_a_usage_error(project: Project) -> None:
    project.plugin("marker", MARKER)
    project.enable("marker")

    result = project.migrate("current", "--no-plugin", "marked", "--json")

    assert result.exit_code == 2
    assert result.json["error"]["code"] == "usage"
    assert result.json["error"]["hint"] == "did you mean 'marker'?"
    assert not (project.root / "imported").exists()


@pytest.mark.parametrize(
    ("words", "section"),
    [
        (["--no-plugin", "marker"], "required = true"),
        ([], "required = true\nenabled = false"),
        ([], 'requires = "sst-marker>=1"'),
    ],
    ids=["left out", "switched off", "pinned"],
)
def test_required_plugin_that_is_not_there_stops_before_any_import(
    project: Project, words: list[str], section: str
) -> None:
    project.revision("one")
    project.plugin("marker", MARKER)
    project.plugin("other", MARKER)
    decide(project, "other", "marker", section=f"[default.plugins.marker]\n{section}")

    result = project.migrate("upgrade", *words, "--json")

    assert result.exit_code == 2
    [problem] = result.json["error"]["problems"]
    assert "marker" in problem["subject"]
    assert not (project.root / "imported").exists()
    assert project.current_revision() is None


def test_required_plugin_without_its_checks_stops_the_run_before_it_begins(
    project: Project,
) -> None:
    """At its end it would be too late: exit 2 says that nothing was touched."""
    project.revision("one")
    project.plugin("checker", CHECKS.format(first=""))
    decide(project, "checker", section="[default.plugins.checker]\nrequired = true")
    (project.root / "asked").touch()

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 2
    assert "register_checks raised OSError: no checks today" in result.output
    assert project.current_revision() is None


def test_required_plugin_that_loses_its_checks_in_the_run_leaves_it_unhealthy(
    project: Project,
) -> None:
    project.revision("one")
    project.plugin("checker", CHECKS.format(first="asked.touch()"))
    decide(project, "checker", section="[default.plugins.checker]\nrequired = true")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 4
    assert "is migrated, but it cannot be checked" in result.json["error"]["message"]
    assert (project.current_revision(), project.last_run()["outcome"]) == ("one", "unhealthy")


def test_two_instances_are_told_and_recorded_under_their_names(project: Project) -> None:
    project.revision("one")
    decide(
        project,
        "notify",
        section='[development.plugins]\nenabled = ["notify", "pager"]\n'
        '[default.plugins.pager]\nuse = "notify"\nurl = "http://127.0.0.1:9/"\nretries = 0',
    )

    result = project.migrate("upgrade")
    listed = project.migrate("plugins", "list")

    assert result.exit_code == 0, result.output
    assert "plugin pager, notify: raised DeliveryError: webhook http://127.0.0.1" in result.stderr
    assert "plugin notify, notify:" not in result.stderr
    assert project.last_run()["plugins"] == ["notify", "pager"]
    assert [line.split("\t")[1] for line in listed.stdout.splitlines()][:2] == [
        "notify",
        "pager (notify)",
    ]


@pytest.mark.parametrize("hook", ["pre_migrate(run)", "notify(event)", "register_checks()"])
def test_wild_plugin_changes_neither_the_outcome_nor_the_result(
    project: Project, hook: str
) -> None:
    """It floods, moves, empties the environment, silences the log and leaves a thread."""
    project.revision("one")
    project.plugin(
        "wild",
        f"""
        import locale, logging, os, sys, threading, time
        from sst.hooks import hookimpl

        @hookimpl
        def {hook}:
            print("flood " * 1_000_000)
            os.chdir("/")
            os.environ.clear()
            sys.path.clear()
            logging.disable()
            threading.Thread(target=print, args=("late " * 1_000_000,)).start()
            threading.Thread(target=time.sleep, args=(600,), name="stays", daemon=True).start()
    """,
    )
    project.enable("wild")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output[-2000:]
    assert result.json["after"] == "one"
    assert project.last_run()["outcome"] == "succeeded"
    assert len(result.stderr) < 1_000_000
    name = hook.partition("(")[0]
    for change in ("the working folder (/)", "os.environ", "sys.path", "the logging"):
        assert f"plugin wild, {name}: changed {change}" in result.stderr
    assert f"plugin wild, {name}: left the thread stays running" in result.stderr


def test_check_that_changes_the_process_is_named(project: Project) -> None:
    project.plugin(
        "wild",
        """
        import os
        from sst.hooks import Check, CheckResult, CheckStatus, hookimpl

        def look(database):
            os.chdir("/")
            print("flood " * 100_000)
            return CheckResult(CheckStatus.PASS)

        @hookimpl
        def register_checks():
            return [Check("wild", look)]
    """,
    )
    project.enable("wild")

    result = project.migrate("check", "--json")

    assert result.exit_code == 0, result.output[-2000:]
    assert "wild, checks: changed the working folder (/); it is put back" in result.stderr
    assert len(result.stderr) < 100_000


def test_process_ends_although_a_plugin_left_a_thread(database_url: str, tmp_path: Path) -> None:
    """The interpreter would wait for it for ever."""
    clone = Clone.create(tmp_path / "clone", DATABASE_URL=database_url)
    (clone.root / "plugins" / "stays.py").write_text(
        "import threading, time\nfrom sst.hooks import hookimpl\n\n@hookimpl\n"
        "def pre_migrate(run):\n"
        "    threading.Thread(target=time.sleep, args=(600,), name='stays').start()\n"
    )
    words = ["upgrade", "--json", "--set", 'plugins.enabled=["stays"]']

    ended = subprocess.run(
        [sys.executable, "migrate.py", *words],
        cwd=clone.root,
        env=clone.variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["ok"]
    assert "plugin stays, pre_migrate: left the thread stays running" in ended.stderr
