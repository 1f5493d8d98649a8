"""The command line itself: what it imports, what it says when its words are wrong."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from sst import __version__
from sst.cli.main import COMMANDS, main
from tests.support.forks import wait_until
from tests.support.project import REPOSITORY
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project


MIGRATE = shlex.join([sys.executable, str(REPOSITORY / "migrate.py")])
"""The command for a shell, wherever the repository lies."""
HEAVY = {"sqlalchemy", "alembic", "dynaconf", "pydantic", "fastapi"}


def modules_after(*arguments: str, root: Path = REPOSITORY, **environment: str) -> set[str]:
    """Return the modules that `migrate.py ARGUMENTS` has imported at its end."""
    script = (
        "import sys, json; from pathlib import Path\n"
        f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from sst.cli import main\n"
        "try:\n"
        f"    main({list(arguments)!r}, Path({str(root)!r}))\n"
        "except SystemExit: pass\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-h"], ["--version"]] + [[command, "--help"] for command in COMMANDS],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert not modules_after(*arguments) & HEAVY


def test_interpreter_runs_the_script_as_a_module(tmp_path: Path) -> None:
    """`python -m sst` is the `sst` of that interpreter, wherever its scripts lie."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(
        [sys.executable, "-m", "sst", "--version"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert __version__ in result.stdout


@pytest.mark.parametrize("command", ["check", "upgrade", "history", "plan"])
def test_no_command_imports_the_web_framework(project: Project, command: str) -> None:
    loaded = modules_after(command, root=project.root, DATABASE_URL=project.database_url)

    assert "sqlalchemy" in loaded
    assert not loaded & {"fastapi", "starlette", "uvicorn"}


@pytest.mark.parametrize("command", ["current", "history", "check", "upgrade"])
def test_command_without_a_rehearsal_imports_none(project: Project, command: str) -> None:
    loaded = modules_after(command, root=project.root, DATABASE_URL=project.database_url)

    assert "sst.bridge.project" in loaded
    assert not loaded & {"sst.migrator.rehearsal.rehearse", "sst.migrator.lint.judging"}
    assert not loaded & {"sst.migrator.repair", "sst.migrator.commands.wait"}


def test_help_lists_every_command(project: Project) -> None:
    result = project.migrate("--help")

    assert result.exit_code == 0
    assert all(f"  {command} " in result.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    ("words", "meant"),
    [("plugins doctr", "doctor"), ("config shwo", "show"), ("runs lst", "list")],
)
def test_misspelt_word_of_a_group_names_the_nearest(
    project: Project, capsys: pytest.CaptureFixture[str], words: str, meant: str
) -> None:
    import_module("sst.cli.plugins.list")  # named as a function that everybody uses

    exit_code = main(words.split(), project.root)

    told = capsys.readouterr().err
    assert (exit_code, f"Did you mean {meant!r}?" in told) == (2, True), told


def test_misspelt_command_names_the_nearest(project: Project) -> None:
    result = project.migrate("upgrad")

    assert result.exit_code == 2
    assert "upgrade" in result.stderr


def test_missing_argument_is_a_usage_error(project: Project) -> None:
    result = project.migrate("downgrade", "--json")

    assert result.exit_code == 2
    assert result.json["error"]["code"] == "usage"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["--set", "OPERATIONS_TOKEN=hidden-canary", "upgrade", "--bogus"], "upgrade"),
        (["config", "--set", "DEBUG=maybe", "show"], "config show"),
        (["plugins", "list", "--bogus"], "plugins list"),
        (["nonesuch"], ""),
    ],
)
def test_failure_names_its_command_and_no_other_word(
    project: Project, arguments: list[str], command: str
) -> None:
    """The value of an option that stands first is not the command."""
    result = project.migrate(*arguments, "--json")

    assert (result.exit_code, result.json["command"]) == (2, command)
    assert "hidden-canary" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["upgrade", "head", "URL"],
        ["upgrade", "URL"],
        ["URL"],
        ["config", "check", "--env", "URL"],
        ["config", "diff", "URL", "development"],
        ["config", "explain", "URL"],
        ["--set", "URL?sslmode=require", "config", "show"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", [[], ["--json"], ["--debug"]], ids=["text", "json", "debug"])
def test_url_in_the_wrong_place_is_not_repeated_with_its_password(
    project: Project, arguments: list[str], form: list[str]
) -> None:
    """A careless paste must not end in the log of a CI server."""
    url = "postgresql://app:hidden-canary@db/sst"

    result = project.migrate(*(word.replace("URL", url) for word in arguments), *form)

    assert result.exit_code == 2
    assert "hidden-canary" not in result.output.lower()


@pytest.mark.parametrize(
    ("command", "key", "empty"),
    [
        (["history"], "revisions", []),
        (["plan"], "revisions", []),
        (["revision", "-m", "x"], "path", None),
        (["config", "show"], "config", None),
        (["config", "schema"], "config", None),
    ],
)
def test_keys_of_a_command_are_there_when_it_fails(
    project: Project, command: list[str], key: str, empty: object
) -> None:
    result = project.migrate(*command, "--json", ENVIRONMENT="nowhere")

    assert (result.exit_code, result.json[key]) == (2, empty)


def shell(project: Project, command: str) -> subprocess.CompletedProcess[str]:
    """Run `migrate.py COMMAND` on *project*'s database and revisions through a shell."""
    return subprocess.run(  # noqa: S602 - a shell's redirections are what is tested
        f"{MIGRATE} {command}",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "DATABASE_URL": project.database_url,
            "MIGRATE__SCRIPT_LOCATION": str(project.root / "alembic"),
            "PLUGINS__ENABLED": "[]",
        },
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_stream_is_not_taken_for_the_database(project: Project, closed: str) -> None:
    """A connection would get the free number, and what is printed would go to the server."""
    project.revision("one")

    result = shell(project, f"upgrade {closed}")

    assert result.returncode == 0, result.stderr
    assert project.current_revision() == "one"


def test_full_disk_behind_stdout_is_told_without_a_traceback(project: Project) -> None:
    project.revision("one")

    result = shell(project, "upgrade >/dev/full")

    assert result.returncode == 1
    assert "could not be written to stdout: No space left" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


@pytest.mark.parametrize("seconds", ["nan", "inf", "soon"])
def test_time_to_wait_is_a_number_of_seconds(project: Project, seconds: str) -> None:
    result = project.migrate("upgrade", "--lock-wait", seconds)

    assert result.exit_code == 2
    assert "--lock-wait" in result.stderr


def test_revision_that_cannot_be_written_says_where(project: Project) -> None:
    """A read-only checkout is no bug."""
    versions = project.root / "alembic" / "versions"
    versions.rmdir()
    versions.symlink_to("nowhere")

    result = project.migrate("revision", "-m", "more")

    assert result.exit_code == 2, result.output
    assert "cannot be written" in result.stderr
    assert "alembic/versions" in result.stderr


def test_debug_shows_the_traceback(project: Project) -> None:
    project.revision("one", "raise ValueError('odd')")

    plain = project.migrate("upgrade")
    debug = project.migrate("upgrade", "--debug")

    assert "Traceback" not in plain.output
    assert "ValueError: odd" in plain.stderr
    assert "Traceback" in debug.stderr


def test_results_go_to_stdout_and_progress_to_stderr(project: Project) -> None:
    project.revision("one")

    result = project.migrate("upgrade", "--json")

    assert len(result.stdout.splitlines()) == 1
    assert "one" in result.stderr


def test_program_that_a_plugin_starts_cannot_spoil_the_result(project: Project) -> None:
    """It inherits the number 1 and knows nothing of `sys.stdout`."""
    project.plugin(
        "chatty",
        """
        import os
        import subprocess
        from sst.hooks import hookimpl

        os.write(1, b"written while it was imported\\n")

        @hookimpl
        def pre_migrate(run):
            subprocess.run(["echo", "sent to a chat"], check=True)
        """,
    )
    project.enable("chatty")
    project.revision("one")

    result = project.migrate("upgrade", "--json")

    assert result.json["ok"]
    assert "sent to a chat" in result.stderr
    assert "written while it was imported" in result.stderr


def test_reader_that_goes_away_is_no_error(project: Project) -> None:
    for number in range(300):
        project.revision(f"r{number:03}")

    result = subprocess.run(  # noqa: S602 - a shell's pipe is what is tested
        f'{MIGRATE} history | head -n 1; exit "${{PIPESTATUS[0]}}"',
        executable="/bin/bash",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={
            **os.environ,
            "DATABASE_URL": project.database_url,
            "MIGRATE__SCRIPT_LOCATION": str(project.root / "alembic"),
        },
    )

    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr
    assert result.returncode == 0


def test_usage_error_shows_the_usage(project: Project) -> None:
    result = project.migrate("downgrade", "--yess")

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "No such option '--yess'.",
        "  why:  the usage is: python migrate.py downgrade [OPTIONS] TARGET",
        "  next: `python migrate.py downgrade --help` has the rest",
    ]


def test_help_cuts_no_sentence(project: Project) -> None:
    result = project.migrate("--help")

    assert "..." not in result.stdout.replace("[ARGS]...", "")


def test_log_has_each_revision_once(project: Project) -> None:
    project.enable("notify")
    project.revision("one")

    up = project.migrate("upgrade")
    down = project.migrate("downgrade", "-1")

    assert len(re.findall("applied one one", up.stderr)) == 1, up.stderr
    assert len(re.findall("reverted one one", down.stderr)) == 1, down.stderr


def test_revision_that_takes_long_is_named_while_it_runs(project: Project) -> None:
    """Who looks at the log of a run that hangs needs the name of what hangs."""
    project.revision("one", "op.execute('select pg_advisory_lock(4711)')")

    with other_session(project, "select pg_advisory_lock(4711)") as holder:
        running = project.start("upgrade")
        line = r"applying one one, \d+ s so far"
        wait_until(lambda: re.search(line, running.printed()), "the line")
        holder.execute("select pg_advisory_unlock(4711)")
        ended = running.finish()

    assert ended.exit_code == 0, ended.output


def test_plan_downwards_says_that_it_reverts(project: Project) -> None:
    project.revision("one")
    project.migrate("upgrade")

    result = project.migrate("plan", "base")

    assert "to revert" in result.stdout


def test_many_pending_revisions_are_named_once(project: Project) -> None:
    for number in range(9):
        project.revision(f"r{number}")

    result = project.migrate("check")

    assert len([line for line in result.stdout.splitlines() if line.startswith("pending")]) == 9
    assert "and 6 more" in result.stderr


def test_new_revision_prints_its_path_and_nothing_else(project: Project) -> None:
    result = project.migrate("revision", "-m", "add something")

    assert "Generating" not in result.output


def test_python_without_the_packages_says_which_one_has_them() -> None:
    """The first thing a stranger does after `make demo` is to type `python migrate.py`."""
    words = [sys.executable, "-S", "migrate.py", "check"]

    result = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert [line[:7] for line in result.stderr.splitlines()][1:] == ["  why: ", "  next:"]
    assert ".venv/bin/activate" in result.stderr
