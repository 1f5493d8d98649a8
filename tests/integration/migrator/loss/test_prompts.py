"""The question before a downgrade: what it shows, and what each answer does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.prompts import CTRL_C, CTRL_D, QUESTION, asked, name_of

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.fixture
def chain(project: Project) -> Project:
    """Three revisions in production: a table, a column in it with values, and Python."""
    project.revision(
        "incidents",
        "op.execute('create table incidents as select g as id from generate_series(1, 12345) g')",
        "op.drop_table('incidents')",
    )
    project.revision(
        "status",
        "op.execute('alter table incidents add column status text')\n"
        "op.execute(\"update incidents set status = 'open' where id <= 1000\")\n"
        "op.execute('create view open_ones as select status from incidents')\n"
        "op.create_index('ix_status', 'incidents', ['status'])",
        "op.drop_index('ix_status', 'incidents')\n"
        "op.execute('alter table incidents drop column status cascade')",
    )
    project.revision("reads", "pass", "op.get_bind().execute(sa.text('select 1')).all()")
    done = project.migrate("upgrade", ENV_FOR_DYNACONF="production")
    assert done.exit_code == 0, done.output
    return project


def test_question_shows_each_revision_and_the_rows_that_it_drops(chain: Project) -> None:
    with asked(chain, "downgrade", "base") as terminal:
        terminal.wait_for(QUESTION)
        shown = terminal.text
        terminal.type(f"{name_of(chain)}\n")
        code = terminal.finish()

    lines = [line.strip() for line in shown.splitlines()]
    assert "takes back 3 revisions, in this order:" in lines
    assert lines.index("reads  reads") < lines.index("status  status")
    assert lines.index("status  status") < lines.index("incidents  incidents")
    assert "what it drops is not known: needs the database to run" in shown
    assert "drops column incidents.status: 1,000 rows have a value" in lines
    assert "and with it 1 view: public.open_ones" in lines
    assert "drops 1 index (no rows)" in lines
    assert any(line.startswith("drops table incidents: 12,345 rows, ") for line in lines)
    assert any(line.startswith("in all: 1 table with 12,345 rows (") for line in lines)
    assert "production" in shown
    assert f"Type {name_of(chain)} to go on:" in shown
    assert "alembic_version" not in shown
    assert code == 0, terminal.text
    assert chain.current_revision() is None


@pytest.mark.parametrize("answer", ["\n", "   \n", CTRL_D, "another\n"])
def test_every_other_answer_refuses_and_names_the_right_one(chain: Project, answer: str) -> None:
    with asked(chain, "downgrade", "-1") as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(answer)
        code = terminal.finish()

    assert code == 5, terminal.text
    assert "was not confirmed; nothing was touched." in terminal.text
    assert f"--confirm {name_of(chain)}" in terminal.text
    assert chain.current_revision() == "reads"


def test_ctrl_c_at_the_question_touches_nothing(chain: Project) -> None:
    with asked(chain, "downgrade", "-1") as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(CTRL_C)
        code = terminal.finish()

    assert code == 130, terminal.text
    assert "nothing was touched" in terminal.text
    assert chain.current_revision() == "reads"


def test_run_between_question_and_answer_refuses(chain: Project) -> None:
    """`-1` would take back another revision than was shown."""
    with asked(chain, "downgrade", "-1") as terminal:
        terminal.wait_for(QUESTION)
        name = name_of(chain)
        words = ("downgrade", "-1", "--confirm", name)
        moved = chain.migrate(*words, ENV_FOR_DYNACONF="production")
        assert moved.exit_code == 0, moved.output
        terminal.type(f"{name}\n")
        code = terminal.finish()

    assert code == 5, terminal.text
    assert "Another run has moved the database; nothing was touched." in terminal.text
    assert chain.current_revision() == "status"


def test_question_is_asked_although_stdout_leads_elsewhere(chain: Project) -> None:
    reading, writing = os.pipe()
    with asked(chain, "downgrade", "-1", "--json", stdout=writing) as terminal:
        os.close(writing)
        terminal.wait_for(QUESTION)
        terminal.type(f"{name_of(chain)}\n")
        code = terminal.finish()
        with os.fdopen(reading) as result:
            answer = result.read()

    assert code == 0, terminal.text
    assert answer.startswith("{")
    assert chain.current_revision() == "status"


def test_nothing_is_asked_when_there_is_nothing_to_take_back(chain: Project) -> None:
    with asked(chain, "downgrade", "reads") as terminal:
        code = terminal.finish()

    assert code == 0, terminal.text
    assert QUESTION not in terminal.text


def test_refusal_without_a_terminal_says_what_would_be_lost(chain: Project) -> None:
    refused = chain.migrate("downgrade", "-2", ENV_FOR_DYNACONF="production")

    assert refused.exit_code == 5
    assert "drops column incidents.status: 1,000 rows have a value" in refused.stderr
    assert f"--confirm {name_of(chain)}" in refused.stderr


def test_purge_shows_the_rows_of_the_version_table(chain: Project) -> None:
    with asked(chain, "stamp", "status", "--purge") as terminal:
        terminal.wait_for(QUESTION)
        shown = terminal.text
        terminal.type(CTRL_D)
        code = terminal.finish()

    assert code == 5, terminal.text
    assert "public.alembic_version says reads now, and would say status" in shown
    assert chain.current_revision() == "reads"


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_no_word_of_the_question_is_broken(chain: Project, columns: int) -> None:
    with asked(chain, "downgrade", "base", columns=columns) as terminal:
        terminal.wait_until(lambda: "go on:" in " ".join(terminal.text.split()))
        shown = " ".join(terminal.text.split())
        terminal.type(CTRL_D)
        terminal.finish()

    assert "drops column incidents.status: 1,000 rows have a value" in shown
    assert "Any other answer than the database's name changes nothing." in shown


def test_look_at_the_loss_does_not_say_that_it_runs(chain: Project) -> None:
    """An env.py of `alembic init` logs each revision, and `Running downgrade` is a lie here."""
    env_py = chain.root / "alembic" / "env.py"
    configured = (
        "import logging, sys\n"
        "logging.getLogger('alembic').setLevel(logging.INFO)\n"
        "logging.getLogger('alembic').addHandler(logging.StreamHandler(sys.stderr))\n"
    )
    source = env_py.read_text("utf-8")
    future = "from __future__ import annotations\n"
    env_py.write_text(future + configured + source.replace(future, ""), "utf-8")

    refused = chain.migrate("downgrade", "base", ENV_FOR_DYNACONF="production")

    assert refused.exit_code == 5
    assert "takes back 3 revisions" in refused.stderr
    assert "Context impl" in refused.stderr
    assert "Running" not in refused.stderr
    assert "Generating static SQL" not in refused.stderr
