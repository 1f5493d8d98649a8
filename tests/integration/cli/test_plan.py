"""`plan` as somebody reads it: on a terminal, in a pull request, as SQL and as JSON."""

from __future__ import annotations

import os
import re
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import click
import pytest

from sst.layout.cells import columns_of
from sst.testing.project.server import connect
from tests.support.project import REPOSITORY, Project
from tests.support.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import TestServer

_RULE = """
    from sst.hooks import Finding, Level, hookimpl

    @hookimpl
    def judge(statement):
        if statement.scans:
            what = f"it keeps {statement.blocks} waiting while the table is read to its end"
            yield Finding("long-lock", what, "op.create_index('a')\\nop.create_index('b')")
        elif statement.blocks != "nothing":
            yield Finding("short-lock", "ask somebody @home", level=Level.WARNING)
"""
_PENDING = """
op.create_unique_constraint("note_body_is_there_once_and_no_second_time", "note", ["body"])
op.add_column("note", sa.Column("moment", sa.Text))  # sst: accept short-lock because it is short
op.execute("insert into note values (-1, 'a;\\nb'); create table \\"n|`o\\" (id integer)")
op.create_table("other", sa.Column("id", sa.Integer))
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory, embedded: TestServer) -> Iterator[Project]:
    """Yield a project with a rule, rows, and a revision that has something of everything."""
    url = embedded.create_database()
    try:
        project = Project.create(tmp_path_factory.mktemp("planned"), url)
        project.plugin("rules", _RULE)
        project.enable("backup", "rules")
        project.revision("one", "op.execute('create table note (id integer, body text)')")
        assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
        project.query(
            "insert into note select i, i::text from generate_series(1, 1000) i; analyze note"
        )
        project.revision("two", _PENDING)
        yield project
    finally:
        embedded.drop_database(url)


def _screen(project: Project, *words: str, columns: int) -> str:
    """Return what `sst WORDS` writes to a terminal of *columns*."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environ = {**kept, "DATABASE_URL": project.database_url, "PYTHONPATH": str(REPOSITORY)}
    environ["LOG_LEVEL"] = "ERROR"
    arguments = [sys.executable, "-m", "sst", *words]
    with Terminal(arguments, environ=environ, folder=project.root, columns=columns) as terminal:
        assert terminal.finish() == 0, terminal.text
        return terminal.raw.decode()


def test_screen_says_what_hurts_before_anything_else(planned: Project) -> None:
    """The colour is that of the danger, and the whole is a sentence at the end."""
    raw = _screen(planned, "plan", columns=80)

    red, yellow = "\x1b[31m", "\x1b[33m"
    assert f"{yellow}  blocks reads and writes of note, scans (1,000 rows, " in raw
    assert f"{red}    error long-lock: it keeps reads and writes waiting" in raw
    assert f"{yellow}  still blocks reads and writes of note (" in raw
    assert f"{yellow}    warning short-lock: ask somebody @home" in raw
    assert "accepted" not in click.unstyle(raw).split("1 revision, ")[0]
    lines = " ".join(click.unstyle(raw).split())
    assert "1 revision, 4 statements; longest block: reads and writes of note" in lines
    assert "1 error" in lines.split("longest block")[1]
    assert (
        'upgrade would warn of 1 reason against the plan and go on: migrate.lint is "warn"'
        in lines
    )


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("words", [("plan",), ("plan", "-v")], ids=" ".join)
def test_lines_fit_and_no_word_is_broken(
    planned: Project, words: tuple[str, ...], columns: int
) -> None:
    whole = _words(planned.migrate(*words).output.replace("\\n", " "))

    lines = click.unstyle(_screen(planned, *words, columns=columns)).splitlines()

    wide = [line for line in lines if columns_of(line) > columns and len(line.split()) > 1]
    assert wide == []
    # The last word of a statement may be cut, which has dots then.
    shown = [line.rpartition(" ")[0] if line.endswith("...") else line for line in lines]
    assert _words(" ".join(shown)) - whole == set()


def _words(text: str) -> set[str]:
    # Each rehearsal has a time of its own.
    text = re.sub(r"earlier\s+\([\d:]+\s+UTC\)\s+", "", text.replace("python migrate.py", "sst"))
    return {word.strip(":,;()") for word in text.split()}


def test_details_have_the_code_that_does_no_harm(planned: Project) -> None:
    lines = click.unstyle(_screen(planned, "plan", "-v", columns=80)).splitlines()

    shown = [line.strip() for line in lines]
    at = shown.index("op.create_index('a')")
    assert shown[at + 1] == "op.create_index('b')"
    assert "AccessExclusiveLock on public.note" in shown
    assert "accepted short-lock: ask somebody @home (accepted: it is short)" in shown


def test_records_have_the_findings_too(planned: Project) -> None:
    """Off a terminal each line is one record, and nothing is left out."""
    records = [line.split("\t") for line in planned.migrate("plan").stdout.splitlines()]

    [error] = [record for record in records if record[1] == "error"]
    [accepted] = [record for record in records if record[1] == "accepted"]
    assert error[2] == "long-lock"
    assert error[5] == "op.create_index('a')\\nop.create_index('b')"
    assert accepted[2:4] == ["short-lock", "ask somebody @home (accepted: it is short)"]


def test_page_for_a_pull_request(planned: Project) -> None:
    plan = planned.migrate("plan", "--format", "markdown")

    assert plan.exit_code == 0, plan.output
    assert plan.stdout.startswith("<!-- sst-plan -->\n## Migration plan\n")
    assert (
        "| `ALTER TABLE note ADD CONSTRAINT note_body_is_there_once_and_no_second" in plan.stdout
    )
    assert "  op.create_index('a')\n  op.create_index('b')\n" in plan.stdout


@pytest.mark.parametrize("other", ["--sql", "--json"])
def test_page_is_nothing_else(planned: Project, other: str) -> None:
    assert planned.migrate("plan", "--format", "markdown", other).exit_code == 2


def test_sql_is_marked_and_runs_as_it_is(planned: Project) -> None:
    plan = planned.migrate("plan", "--sql")

    assert "while the table is read to its end\nALTER TABLE note ADD CONSTRAINT" in plan.stdout
    assert "(accepted: it is short)\nALTER TABLE note ADD COLUMN" in plan.stdout
    script = plan.stdout.replace("COMMIT;", "ROLLBACK;")
    with closing(connect(planned.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(script)
    assert planned.current_revision() == "one"


def test_json_has_the_plan_as_a_whole_and_what_a_run_would_do(planned: Project) -> None:
    plan = planned.migrate("plan", "--json").json

    summary = plan["summary"]
    assert summary["longest_block"]["relations"] == ["public.note"]
    assert {name: summary[name] for name in ("revisions", "statements", "errors", "accepted")} == {
        "revisions": 1,
        "statements": 4,
        "errors": 1,
        "accepted": 1,
    }
    assert plan["lint"]["mode"] == "warn"
    [reason] = plan["lint"]["reasons"]
    assert (reason["revision"], reason["rule"]) == ("two", "long-lock")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (
            "off",
            'upgrade would go on in spite of 1 reason against the plan: migrate.lint is "off"',
        ),
        ("refuse", 'upgrade would be refused for 1 reason against the plan: migrate.lint is "ref'),
    ],
)
def test_plan_says_loudly_what_a_run_would_do(planned: Project, mode: str, words: str) -> None:
    plan = planned.migrate("plan", "--set", f"migrate.lint={mode}")

    assert (plan.exit_code, words in plan.stderr) == (0, True), plan.output
