"""What a shell is told that could stand where the cursor is: quickly, silently, without traces."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.project import REPOSITORY
from tests.support.warm_python import LIBRARIES, warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.project import Project

# The function that `complete -F` names gets command, word and word before, as bash gives them.
ASK = """
eval "$("$1" completion bash)"
shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_sst_completion "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
LOCAL = """
import click
from sst.hooks import CommandResult, hookimpl

def drawers(ctx, parameter, incomplete):
    return [name for name in (ctx.obj.environment, "left") if name.startswith(incomplete)]

@click.command("tidy")
@click.argument("drawer", shell_complete=drawers)
@click.pass_obj
def tidy(context, drawer):
    return CommandResult(drawer)

@hookimpl
def register_commands():
    print("noise")
    return [tidy]
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Return a folder with the script `sst`, for PATH; its Python has the libraries already."""
    folder = tmp_path / "bin"
    folder.mkdir()
    python, door = warm_python(*LIBRARIES), folder / "door.py"
    door.write_text("from sst.door import script\n\nscript()\n")
    (folder / "sst").write_text(f'#!/bin/sh\nexec "{python}" "{door}" "$@"\n')
    (folder / "python3").symlink_to(python)
    (folder / "sst").chmod(0o755)
    return folder


def completed(project: Project, script: Path, *words: str, **environment: str) -> list[str]:
    """Return what bash would offer for the last of *words* in the folder of *project*."""
    bash = shutil.which("bash")
    assert bash is not None
    result = subprocess.run(
        [bash, "--norc", "-c", ASK, "bash", words[0], *words],
        cwd=project.root,
        env={
            "PATH": f"{script}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "DATABASE_URL": project.database_url,
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


def test_commands_are_completed_those_of_plugins_too(project: Project, script: Path) -> None:
    project.plugin("shelf", LOCAL + "\nraise RuntimeError('whoever imports me')")
    project.enable("shelf", "backup")

    found = completed(project, script, "sst", "")

    assert found[0] in {"status", "check"}
    assert {"upgrade", "completion", "tidy", "backup", "restore"} <= {*found}
    assert completed(project, script, "sst", "dow") == ["downgrade"]


def test_options_of_a_command_are_completed(project: Project, script: Path) -> None:
    found = completed(project, script, "sst", "upgrade", "--")

    assert {"--lock-wait", "--json", "--set"} <= {*found}


def test_targets_are_completed_from_texts_alone(project: Project, script: Path) -> None:
    """A revision that cannot be imported, and a database that is not there, are no obstacle."""
    project.revision("a1", labels=("shop",))
    project.revision("b2")
    for file in (project.root / "alembic" / "versions").glob("*.py"):
        file.write_text(f"{file.read_text()}\nraise RuntimeError\n")
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"

    found = completed(project, script, "sst", "upgrade", "", DATABASE_URL=nowhere)

    assert found == ["head", "heads", "+1", "shop@head", "b2", "a1"]
    assert completed(project, script, "sst", "downgrade", "b", DATABASE_URL=nowhere) == [
        "base",
        "b2",
    ]


def test_words_that_bash_splits_are_what_the_user_typed(project: Project, script: Path) -> None:
    """It gives `--set A=3` as four words, and wants of `label@head` what is behind the `@`."""
    project.revision("one", labels=("shop",))
    setting = ("--set", "MIGRATE__LOCK_WAIT", "=", "3")

    assert completed(project, script, "sst", "upgrade", *setting, "o") == ["one"]
    assert completed(project, script, "sst", "upgrade", "shop", "@", "h") == ["head"]
    assert completed(project, script, "sst", "upgrade", "--set", "=", "MIGRATE__LOCK_W") == [
        "MIGRATE__LOCK_WAIT="
    ]


def test_runs_are_completed_from_the_record(project: Project, script: Path) -> None:
    project.revision("one")
    project.migrate("upgrade")

    found = completed(project, script, "sst", "runs", "show", "")

    assert found == ["latest", project.last_run()["id"]]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Yield the URL of a server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"postgresql://nobody@127.0.0.1:{listening.getsockname()[1]}/nothing"


def test_database_that_does_not_answer_is_not_waited_for(
    project: Project, script: Path, silent_server: str
) -> None:
    found = completed(project, script, "sst", "runs", "show", "", DATABASE_URL=silent_server)

    assert found == ["latest"]


def test_embedded_server_is_not_started(project: Project, script: Path) -> None:
    project.enable("embedded_postgres")

    found = completed(project, script, "sst", "runs", "show", "", DATABASE_URL="embedded")

    assert found == ["latest"]
    assert not (project.root / ".data").exists()


def test_backups_are_completed_by_the_plugin(project: Project, script: Path) -> None:
    project.enable("backup")
    project.revision("one")
    project.migrate("upgrade")
    [backup] = [path.name for path in (project.root / "backups").iterdir() if path.is_dir()]

    for words in (["restore", ""], ["backup", "show", ""], ["backup", "verify", ""]):
        assert completed(project, script, "sst", *words) == ["latest", backup]
    assert completed(project, script, "sst", "restore", backup[:6]) == [backup]


def test_plugin_completes_words_with_its_context(project: Project, script: Path) -> None:
    project.plugin("shelf", LOCAL)
    project.enable("shelf")

    assert completed(project, script, "sst", "tidy", "") == ["development", "left"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["config", "diff", ""], ["development", "production"]),
        (["config", "check", "--env", "pro"], ["production"]),
        (["config", "explain", "db_pool_s"], ["DB_POOL_SIZE"]),
        (["upgrade", "--set", "LOG_"], ["LOG_FORMAT=", "LOG_LEVEL="]),
        (["upgrade", "--no-plugin", "hea"], ["health_check"]),
        (["plugins", "show", "emb"], ["embedded_postgres"]),
        (["completion", "z"], ["zsh"]),
        (["nonsense", ""], []),
    ],
)
def test_names_are_completed(
    project: Project, script: Path, words: list[str], expected: list[str]
) -> None:
    (project.root / "settings.toml").write_text("[default]\n[development]\n[production]\n")

    assert [each for each in completed(project, script, "sst", *words) if each] == expected


def test_completion_leaves_nothing_behind(project: Project, script: Path) -> None:
    project.plugin("shelf", LOCAL)
    project.enable("shelf", "backup")
    project.revision("one")
    before = set(project.root.rglob("*"))

    for words in (["tidy", ""], ["restore", ""], ["upgrade", ""], ["runs", "show", ""]):
        completed(project, script, "sst", *words)

    assert set(project.root.rglob("*")) == before


@pytest.mark.parametrize("text", ["[default\n", "[default]\nplugins = 3\n"])
def test_broken_settings_are_no_message(project: Project, script: Path, text: str) -> None:
    (project.root / "settings.toml").write_text(text)

    assert "upgrade" in completed(project, script, "sst", "")
    completed(project, script, "sst", "restore", "")


def test_executable_migrate_py_is_completed_like_the_script(
    project: Project, script: Path
) -> None:
    project.revision("one")
    file = project.root / "migrate.py"
    shutil.copy(REPOSITORY / "migrate.py", file)
    file.chmod(0o755)

    assert completed(project, script, "./migrate.py", "upgrade", "o") == ["one"]


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o nosort -F _sst_completion migrate.py"),
        ("zsh", "#compdef sst"),
        ("fish", "complete --no-files --command sst"),
    ],
)
def test_script_of_a_shell_is_printed(project: Project, shell: str, line: str) -> None:
    result = project.migrate("completion", shell)

    assert result.exit_code == 0
    assert line in result.stdout
    assert f"_SST_COMPLETE={shell}_complete" in result.stdout
