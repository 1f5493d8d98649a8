"""Live lines on terminals that are odd, narrow or gone, and among texts that mean no good."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.forked_terminal import on_terminal
from tests.support.project import REPOSITORY
from tests.support.sessions import other_session
from tests.support.terminal import Terminal, started_on_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

WAIT = "select pg_advisory_lock(4711)"
"""A revision that sends it runs until the test lets it go."""
GO = "select pg_advisory_unlock(4711)"
ACCENTS = "almacén de piñas y añojos, " * 4
STEERING = (b"\x1b[?25l", b"\x1b]0;", b"\x1b[2J", b"\xc2\x9b", b"\x07")
EVIL = r"\x1b[?25l\x1b]0;mine\x07\x1b[2J\x9b5m"
UNESCAPED = EVIL.encode().decode("unicode_escape")
ENTER = "from sst.door import enter; enter('sst')"
DEAF_TO_HANGUP = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-c"]
LEFT = """
import threading
from sst.hooks import ProgressLine, hookimpl

def left():
    with ProgressLine("left") as line:
        line.show({shown})
        threading.Event().wait()

@hookimpl
def pre_migrate(run):
    threading.Thread(target=left, daemon=True).start()
"""


def described(project: Project, name: str, text: str) -> None:
    """Give the revision *name* the description *text*, spelled as in Python."""
    (file,) = (project.root / "alembic" / "versions").glob(f"*_{name}.py")
    source = file.read_text(encoding="utf-8")
    _, _, rest = source.partition('"""')
    file.write_text(f'"""{text}"""{rest.partition(chr(34) * 3)[2]}', encoding="utf-8")


def environ_of(project: Project) -> dict[str, str]:
    """Return the variables with which a process of its own works on *project*."""
    path, root = os.environ["PATH"], str(REPOSITORY)
    return {"PATH": path, "PYTHONPATH": root, "DATABASE_URL": project.database_url}


def test_no_text_of_others_steers_the_terminal(project: Project) -> None:
    project.query("create table shelf (id int)")
    project.plugin(
        "talkative",
        f"""
        from sst.hooks import ProgressLine, hookimpl

        @hookimpl
        def pre_migrate(run):
            print("at once {EVIL}")
            with ProgressLine("asking {EVIL} on") as line:
                line.show(5, "so far {EVIL}")
                run.fetch("{WAIT}")
                print("later {EVIL}")
        """,
    )
    project.enable("talkative")
    project.revision("one", "op.execute('alter table shelf add name text')")
    described(project, "one", f"drawn {EVIL}")
    query = 'select 1 as "NAME" from shelf'.replace("NAME", UNESCAPED)

    with (
        other_session(project, query) as reader,
        other_session(project, WAIT) as holder,
        on_terminal(project, "upgrade", columns=200) as terminal,
    ):
        terminal.wait_for("so far")
        holder.execute(GO)
        terminal.wait_for('select ? as "')
        reader.end()
        code = terminal.finish()
    with on_terminal(project, "history") as history:
        history.finish()
    with on_terminal(project, "status", columns=200) as status:
        status.finish()

    assert code == 0
    for said in ("at once", "later", "drawn"):
        assert rf"{said} \x1b[?25l" in terminal.text
    assert "drawn" in history.text
    for screen in (terminal, history, status):
        assert not [each for each in STEERING if each in screen.raw]


def test_what_a_plugin_prints_keeps_its_colour_and_leaves_none(project: Project) -> None:
    project.plugin(
        "colourful",
        r"""
        from sst.hooks import hookimpl

        @hookimpl
        def pre_migrate(run):
            print("\x1b[31mred")
        """,
    )
    project.enable("colourful")
    project.revision("one")

    with on_terminal(project, "upgrade") as terminal:
        terminal.finish()
        styled = terminal.styled()

    red, *rest = styled.split("\n")
    assert red.plain == "red"
    assert str(red.spans[0].style) == "red"
    assert "done: empty -> one" in rest[-1].plain
    assert not rest[-1].spans


def test_question_of_a_plugin_is_seen_before_its_line_ends(project: Project) -> None:
    project.plugin(
        "curious",
        """
        from sst.hooks import ProgressLine, hookimpl

        @hookimpl
        def pre_migrate(run):
            with ProgressLine("asking"):
                run.fetch("select pg_sleep(1)")
                print("Is it Friday?", end=" ", flush=True)
                run.fetch("select pg_advisory_lock(4711)")
        """,
    )
    project.enable("curious")
    project.revision("one")

    with other_session(project, WAIT) as holder, on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("Is it Friday?")
        holder.execute(GO)
        code = terminal.finish()

    assert code == 0
    assert terminal.text.splitlines()[0].rstrip() == "Is it Friday?"


@pytest.mark.parametrize(
    "shown", ["'3 MB', 17", "lambda: threading.Event().wait()", "lambda: None"]
)
def test_line_that_a_plugin_has_left_neither_ends_nor_holds_the_run(
    project: Project, shown: str
) -> None:
    project.plugin("hasty", LEFT.format(shown=shown))
    project.enable("hasty")
    project.revision("one", "op.execute('select pg_sleep(1)')")

    with started_on_terminal(project, "upgrade") as terminal:
        code = terminal.finish()

    assert code == 0
    assert "Traceback" not in terminal.text
    assert "done: empty -> one (head)" in terminal.text


@pytest.mark.parametrize(
    ("variable", "value"), [("COLUMNS", "200"), ("PYTHONIOENCODING", "ascii"), ("LC_ALL", "C")]
)
def test_line_is_as_wide_as_the_terminal_whatever_the_environment_says(
    project: Project, variable: str, value: str
) -> None:
    project.environment[variable] = value
    project.revision("one", f"op.execute({WAIT!r})")
    described(project, "one", ACCENTS)

    with (
        other_session(project, WAIT) as holder,
        started_on_terminal(project, "upgrade") as terminal,
    ):
        terminal.wait_for("2 s")
        seen = terminal.text
        holder.execute(GO)
        code = terminal.finish()

    assert code == 0
    assert seen.count("upgrade to head: 1 revision") == 1
    assert seen.count("applying  one") == 1


def test_lines_follow_a_terminal_that_becomes_narrow(project: Project) -> None:
    project.revision("one", f"op.execute({WAIT!r})")
    described(project, "one", ACCENTS)

    with other_session(project, WAIT) as holder, on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("applying  one")
        terminal.resize(columns=40)
        already = len(terminal.raw)
        terminal.wait_until(lambda: b"upgrade to head" in terminal.raw[already:])
        terminal.wait_for("2 s")
        seen = terminal.screen
        holder.execute(GO)
        code = terminal.finish()

    assert code == 0
    assert sum("applying  one" in line for line in seen) == 1


def test_terminal_that_nothing_can_be_drawn_on_has_log_lines(project: Project) -> None:
    project.environment["TERM"] = "unknown"
    project.revision("one")

    with on_terminal(project, "upgrade", columns=120) as terminal:
        terminal.finish()

    assert "applied one" in terminal.text


def test_ctrl_c_leaves_no_line_of_the_run_above_its_end(project: Project) -> None:
    project.query("create table shelf (id int)")
    project.revision("one", "op.execute('alter table shelf add name text')")

    with (
        other_session(project, "select id, id, id, id, id from shelf", "report"),
        on_terminal(project, "upgrade") as terminal,
    ):
        terminal.wait_for("waits for  pid")
        terminal.type(chr(3))
        terminal.finish()

    assert "^C" in terminal.raw.decode()
    assert "upgrade to head" not in terminal.text


def test_ctrl_c_while_the_command_line_is_loaded_is_no_traceback(
    project: Project, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "click.py").write_text("print('loading', flush=True)\nimport time\ntime.sleep(600)\n")
    environ = environ_of(project) | {"PYTHONPATH": f"{slow}{os.pathsep}{REPOSITORY}"}
    command = [sys.executable, "-c", ENTER, "upgrade"]

    with Terminal(command, environ=environ, folder=project.root) as terminal:
        terminal.wait_for("loading")
        terminal.type(chr(3))
        code = terminal.finish()

    assert code == 130
    assert "Traceback" not in terminal.text


def test_run_goes_on_when_its_terminal_is_gone(project: Project) -> None:
    project.revision("one", f"op.execute({WAIT!r})")
    project.revision("two", "print('to nobody')\nos.system('echo to nobody >&2')")
    command = [*DEAF_TO_HANGUP, ENTER, "upgrade"]

    with (
        other_session(project, WAIT) as holder,
        Terminal(command, environ=environ_of(project), folder=project.root) as terminal,
    ):
        terminal.wait_for("applying  one")
        terminal.hang_up()
        holder.execute(GO)
        terminal.process.wait(120)

    assert project.current_revision() == "two"
    assert project.last_run()["outcome"] == "succeeded"


def test_run_goes_on_when_the_reader_of_its_log_has_ended(project: Project) -> None:
    project.revision("one", "print('to nobody', flush=True)")
    reader, writer = os.pipe()
    os.close(reader)

    ended = subprocess.run(
        [sys.executable, "-c", ENTER, "upgrade"],
        env=environ_of(project),
        cwd=project.root,
        stdout=writer,
        stderr=writer,
        check=False,
    )
    os.close(writer)

    assert ended.returncode == 0
    assert project.current_revision() == "one"
