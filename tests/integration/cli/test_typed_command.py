"""In a container texts name what is typed outside; records name what every machine knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sst.command_line import VARIABLE
from tests.support.forks import wait_until
from tests.support.prompts import CTRL_D, QUESTION, asked

if TYPE_CHECKING:
    from tests.support.project import Project

OUTSIDE = "docker compose run --rm migrate"
# With what JSON and a shell have a meaning for.
ODD = r"""ssh "db 1" -- 'C:\tools' run"""
ASLEEP = """
    select 1 from pg_stat_activity
    where query = 'select pg_sleep(600)' and datname = current_database()
"""
WAKE = ASLEEP.replace("select 1", "select pg_terminate_backend(pid)")


@pytest.fixture
def inside(project: Project) -> Project:
    """Return the project as it is in a container, with one revision that fails."""
    project.environment[VARIABLE] = OUTSIDE
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision("two", "op.execute('select * from nowhere')")
    return project


def assert_outside(text: str, command: str) -> None:
    """Fail when *text* does not have *command* as it is typed outside, or has it otherwise."""
    assert f"{OUTSIDE} {command}" in " ".join(text.split())
    assert "migrate.py" not in text


def test_check_of_pending_revisions(inside: Project) -> None:
    result = inside.migrate("check")
    as_json = inside.migrate("check", "--json")

    assert_outside(result.output, "upgrade")
    assert as_json.json["error"]["hint"] == f"run `{OUTSIDE} upgrade`"


def test_failed_run_and_what_is_told_of_it_later(inside: Project) -> None:
    failed = inside.migrate("upgrade")
    run = inside.last_run()
    later = {
        words: inside.migrate(*words).output
        for words in [("status",), ("runs", "show", "latest"), ("check",), ("upgrade",)]
    }

    assert failed.exit_code == 1
    assert_outside(later["status",], f"runs show {run['id']}")
    assert [text for text in (failed.output, *later.values()) if "migrate.py" in text] == []


def test_record_holds_the_name_that_every_machine_knows(inside: Project) -> None:
    inside.enable("refuses")
    inside.plugin(
        "refuses",
        """
        from sst.hooks import Veto, hookimpl

        class Plugin:
            @hookimpl
            def pre_migrate(self, run):
                raise Veto("not today", "see `python migrate.py runs list`")
        """,
    )

    refused = inside.migrate("upgrade")

    assert refused.exit_code == 5
    assert_outside(refused.output, "runs list")
    assert OUTSIDE not in json.dumps(inside.last_run())


def test_busy_lock(project: Project) -> None:
    project.environment[VARIABLE] = OUTSIDE
    project.revision("one", "op.execute('select pg_sleep(600)')")
    first = project.start("upgrade")
    wait_until(lambda: bool(project.query(ASLEEP)), "the revision at work")

    second = project.migrate("upgrade", "--lock-wait", "0.1")
    status = project.migrate("status")
    project.query(WAKE)
    first.finish()

    assert second.exit_code == 75
    assert "migrate.py" not in second.output
    assert_outside(status.output, "runs show")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("frob",), "--help"),
        (("downgrade", "--yess"), "downgrade [OPTIONS] TARGET"),
        (("upgrade", "--help"), "upgrade [OPTIONS] [TARGET]"),
        (("--help",), "[OPTIONS] COMMAND"),
        (("rollback",), "downgrade -1"),
        (("runs", "show", "nothing"), "runs list"),
        (("upgrade", "nowhere"), "history"),
        (("config", "explain", "nothing"), "config show"),
        (("plugins", "show", "xyz"), "plugins list"),
    ],
    ids=str,
)
def test_usage_and_what_does_not_exist(
    inside: Project, words: tuple[str, ...], command: str
) -> None:
    assert_outside(inside.migrate(*words).output, command)


def test_text_on_a_terminal_fits_it(inside: Project) -> None:
    inside.migrate("upgrade")

    with asked(inside, "status", environment="development", SST_COMMAND=OUTSIDE) as terminal:
        terminal.finish()
        shown = terminal.text

    assert_outside(shown, "runs show")
    assert max(map(len, shown.splitlines())) <= 80


def test_question_is_asked_in_the_words_of_outside(inside: Project) -> None:
    inside.migrate("upgrade", "one")

    with asked(inside, "downgrade", "base", SST_COMMAND=OUTSIDE) as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(CTRL_D)
        terminal.finish()
        shown = terminal.text

    assert "migrate.py" not in shown


def test_quotes_and_backslashes_stay_what_they_are(inside: Project) -> None:
    error = inside.migrate("check", "--json", **{VARIABLE: ODD}).json["error"]

    assert error["hint"] == f"run `{ODD} upgrade`"


def test_files_of_the_project_name_the_way_in(inside: Project) -> None:
    (inside.root / "settings.toml").unlink()

    inside.migrate("init")

    assert OUTSIDE not in (inside.root / "settings.toml").read_text()


@pytest.mark.parametrize("form", ["text", "json"])
def test_log_lines_are_read_outside_too(inside: Project, form: str) -> None:
    inside.enable("talks")
    inside.plugin(
        "talks",
        """
        import logging
        from sst.hooks import Veto, hookimpl

        class Plugin:
            @hookimpl
            def pre_migrate(self, run):
                logging.getLogger("sst.talks").warning("look at `python migrate.py check`")
                raise Veto("not before `python migrate.py repair`")
        """,
    )

    result = inside.migrate("upgrade", LOG_FORMAT=form)

    assert f"look at `{OUTSIDE} check`" in result.stderr
    assert_outside(result.output, "repair")
