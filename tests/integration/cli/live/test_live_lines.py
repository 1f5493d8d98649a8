"""A run on a terminal: live lines while it works, then the result; log lines on demand."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.forked_terminal import on_terminal
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

HIDE_CURSOR = b"\x1b[?25l"
WAIT = "select pg_advisory_lock(4711)"
"""A revision that sends it runs until the test lets it go."""
DEAF = """
do $$ begin
  loop
    begin
      perform nextval('begun');
      perform pg_sleep(600);
    exception when query_canceled then perform nextval('cancelled');
    end;
  end loop;
end $$
"""
COUNTED = "select 1 from pg_sequences where sequencename = %s and last_value is not null"
LONG = "op.execute('select pg_sleep(600)')"


def test_revision_that_takes_long_is_a_line_with_its_time(project: Project) -> None:
    project.revision("one", "op.execute('create table shelf (id int)')")
    project.revision("two", f"op.execute({WAIT!r})")

    with other_session(project, WAIT) as holder, on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("applying  two")
        terminal.wait_for("2 s")
        seen = terminal.text
        holder.execute("select pg_advisory_unlock(4711)")
        code = terminal.finish()

    assert code == 0
    assert "upgrade to head: 2 revisions" in seen
    assert "applied   one" in seen
    assert "applying" not in terminal.text, "the result is in the place of the live lines"
    assert "done: empty -> two (head)" in terminal.text
    assert " INFO " not in terminal.text


def test_blocked_revision_names_who_is_in_the_way_and_its_attempt(project: Project) -> None:
    project.query("create table shelf (id int)")
    project.revision("one", "op.execute('alter table shelf add name text')")
    project.settings["migrate.lock_retry_pauses"] = [1]

    with (
        other_session(project, "select 1 from shelf", "report") as reader,
        on_terminal(project, "upgrade") as terminal,
    ):
        terminal.wait_for("attempt 2")
        terminal.wait_for(f"waits for  pid {reader.pid} (report")
        seen = terminal.text
        reader.end()
        code = terminal.finish()

    assert code == 0
    assert max(map(len, seen.splitlines())) <= 80
    assert "applied" in terminal.text


def test_build_of_an_index_says_how_far_it_is(project: Project) -> None:
    project.query("create table shelf (id int)")
    body = (
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('ix_shelf', 'shelf', ['id'], postgresql_concurrently=True)"
    )
    project.revision("one", body)

    with (
        other_session(project, "insert into shelf values (1)") as writer,
        on_terminal(project, "upgrade") as terminal,
    ):
        terminal.wait_for("index on shelf: waiting for writers before build")
        writer.end()
        code = terminal.finish()

    assert code == 0


def test_run_that_waits_for_another_says_for_whom(project: Project) -> None:
    project.revision("one", f"op.execute({WAIT!r})")

    with other_session(project, WAIT) as holder, on_terminal(project, "upgrade") as first:
        first.wait_for("applying  one")
        with on_terminal(project, "upgrade") as second:
            second.wait_for("waiting for sst-migrate")
            holder.execute("select pg_advisory_unlock(4711)")
            codes = first.finish(), second.finish()

    assert codes == (0, 0)
    assert "nothing to do" in second.text


def test_what_plugins_and_revisions_print_goes_above_the_lines(project: Project) -> None:
    project.revision(
        "one", f"print('from the revision')\nop.execute({WAIT!r})\nprint('and later')"
    )

    with other_session(project, WAIT) as holder, on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("from the revision")
        terminal.wait_for("applying  one")
        seen = terminal.text
        holder.execute("select pg_advisory_unlock(4711)")
        code = terminal.finish()

    assert code == 0
    assert seen.index("from the revision") < seen.index("applying  one")
    assert terminal.text.splitlines()[:2] == ["from the revision", "and later"]


def test_notice_of_a_revision_is_shown(project: Project) -> None:
    project.revision("one", """op.execute("do $$ begin raise notice 'three rows'; end $$")""")

    with on_terminal(project, "upgrade") as terminal:
        code = terminal.finish()

    assert code == 0
    assert "one: three rows" in terminal.text


def test_many_revisions_leave_the_present_visible(project: Project) -> None:
    for number in range(40):
        project.revision(f"r{number:02}")
    project.revision("last", f"op.execute({WAIT!r})")

    with (
        other_session(project, WAIT) as holder,
        on_terminal(project, "upgrade", lines=12) as terminal,
    ):
        terminal.wait_for("applying  last")
        seen = terminal.screen
        holder.execute("select pg_advisory_unlock(4711)")
        code = terminal.finish()

    assert code == 0
    assert any(line.startswith("upgrade to head: 41 revisions") for line in seen)
    assert any(line.startswith("  applied   37 more") for line in seen)
    assert not any("r36" in line for line in seen)


def test_lines_stay_when_the_result_goes_elsewhere(project: Project, tmp_path: Path) -> None:
    project.revision("one", f"op.execute({WAIT!r})")
    result = tmp_path / "result"

    with (
        result.open("w") as file,
        other_session(project, WAIT) as holder,
        on_terminal(project, "upgrade", stdout=file.fileno()) as terminal,
    ):
        terminal.wait_for("applying  one")
        holder.execute("select pg_advisory_unlock(4711)")
        code = terminal.finish()

    assert code == 0
    assert "applied   one" in terminal.text
    assert "done: empty -> one (head)" in result.read_text()


def test_verbose_has_log_lines_and_no_live_lines(project: Project) -> None:
    project.revision("one")

    with on_terminal(project, "upgrade", "--verbose") as terminal:
        code = terminal.finish()

    assert code == 0
    assert "INFO    sst.migrate  applied one one in" in terminal.text
    assert b"\x1b[1A" not in terminal.raw, "nothing is drawn twice"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_end_by_a_signal_leaves_a_usable_terminal(
    project: Project, number: signal.Signals, code: int
) -> None:
    project.revision("one", LONG)

    with on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("applying  one")
        os.kill(terminal.process.pid, number)
        ended = terminal.finish()

    assert ended == code
    assert HIDE_CURSOR not in terminal.raw
    if number is not signal.SIGKILL:
        assert "applying" not in terminal.text
        assert f"Interrupted by {number.name}." in terminal.text


def test_ctrl_c_ends_the_run(project: Project) -> None:
    project.revision("one", LONG)

    with on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("applying  one")
        terminal.type(chr(3))
        code = terminal.finish()

    assert code == 130
    assert "Interrupted by SIGINT." in terminal.text


def test_second_signal_has_its_words_below_the_lines(project: Project) -> None:
    """The server does not let go of this statement: the first signal alone ends nothing."""
    project.query("create sequence begun; create sequence cancelled")
    project.revision("one", f"op.execute({DEAF!r})")

    with on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("applying  one")
        terminal.wait_until(lambda: bool(project.query(COUNTED, "begun")), "the statement")
        terminal.type(chr(3))
        terminal.wait_until(lambda: bool(project.query(COUNTED, "cancelled")), "the first signal")
        terminal.type(chr(3))
        code = terminal.finish()

    project.query(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    assert code == 130
    assert "Interrupted by SIGINT a second time" in terminal.text
    assert HIDE_CURSOR not in terminal.raw


@pytest.mark.parametrize(
    ("variable", "value", "has_lines"), [("NO_COLOR", "1", True), ("TERM", "dumb", False)]
)
def test_lines_are_without_colour_where_it_is_unwanted(
    project: Project, variable: str, value: str, *, has_lines: bool
) -> None:
    project.revision("one", f"op.execute({WAIT!r})")
    project.environment[variable] = value

    with other_session(project, WAIT) as holder, on_terminal(project, "upgrade") as terminal:
        if has_lines:
            terminal.wait_for("applying  one")
        else:
            terminal.wait_until(lambda: bool(blocked(project)))
        holder.execute("select pg_advisory_unlock(4711)")
        code = terminal.finish()

    assert code == 0
    assert b"\x1b[3" not in terminal.raw
    assert (b"applying  one" in terminal.raw) is has_lines


def blocked(project: Project) -> list[tuple[object, ...]]:
    """Return the sessions that wait for the test's lock."""
    return project.query(
        "select pid from pg_stat_activity where datname = current_database()"
        " and wait_event = 'advisory'"
    )


def test_secret_in_a_live_line_is_masked(project: Project) -> None:
    project.plugin(
        "talkative",
        """
        from sst.hooks import ProgressLine, hookimpl

        @hookimpl
        def pre_migrate(run):
            with ProgressLine("asking postgresql://shop:s3cr3t-token@db/shop") as line:
                while not run.fetch("select 1 from pg_tables where tablename = 'go'"):
                    line.show(1_200_000, "1/2 tables")
        """,
    )
    project.enable("talkative")
    project.revision("one")

    with on_terminal(project, "upgrade") as terminal:
        terminal.wait_for("1.2 MB")
        seen = terminal.text
        project.query("create table go ()")
        code = terminal.finish()

    assert code == 0
    assert "pre_migrate of plugin talkative" in seen
    assert "1/2 tables" in seen
    assert b"s3cr3t" not in terminal.raw


def test_wait_says_what_it_waits_for(project: Project) -> None:
    project.revision("one")

    with on_terminal(project, "wait", "--for", "head") as terminal:
        terminal.wait_for("waiting for the head  1 revision is pending")
        upgraded = project.migrate("upgrade")
        code = terminal.finish()

    assert (upgraded.exit_code, code) == (0, 0)
    assert terminal.text == ""
