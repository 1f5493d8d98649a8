"""The question before a restore: the backup against the database of now."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
import pytest

from tests.support.prompts import CTRL_C, CTRL_D, QUESTION, asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.shops import Shop
    from tests.support.terminal import Terminal


def on_terminal(shop: Shop, *words: str, columns: int = 80) -> Terminal:
    """Return the terminal on which `restore WORDS` runs in the shop's environment."""
    return asked(shop.project, "restore", *words, environment="development", columns=columns)


def shown(terminal: Terminal) -> str:
    """Return the question as one line, however it was broken."""
    terminal.wait_until(lambda: QUESTION in terminal.text)
    return " ".join(terminal.text.split())


def test_backup_is_shown_against_the_database_of_now(shop: Shop) -> None:
    others = [
        psycopg2.connect(shop.project.database_url, application_name=name)
        for name in ("gunicorn", "gunicorn", "psql")
    ]
    with on_terminal(shop, "latest") as terminal:
        question = shown(terminal)
        terminal.type(f"{shop.live}\n")
        code = terminal.finish()
    for other in others:
        other.close()

    assert f"restore {shop.backup_id} on " in question
    assert "in the environment development" in question
    assert "backup made " in question
    assert "revision one; the database is at two now" in question
    assert "of a database of " in question
    assert "proven read back, not restored" in question
    assert "last run upgrade head, succeeded, " in question
    assert "sessions 3 are connected and will be cut off: gunicorn 2, psql 1" in question
    assert f"old one is kept as {shop.live}_before_TIME" in question
    assert "CAREFUL" not in question
    assert code == 0, terminal.text
    assert shop.rows() == [("one",)]


@pytest.mark.parametrize(
    ("answer", "code"), [("\n", 5), (CTRL_D, 5), ("another\n", 5), (CTRL_C, 130)]
)
def test_every_other_answer_touches_nothing(shop: Shop, answer: str, code: int) -> None:
    with on_terminal(shop, "latest", "--drop-old") as terminal:
        question = shown(terminal)
        terminal.type(answer)
        ended = terminal.finish()

    assert "old one is DROPPED" in question
    assert ended == code, terminal.text
    assert "nothing was touched" in " ".join(terminal.text.split())
    assert shop.rows() == [("two",)]
    assert shop.family() == [shop.live]


def test_undo_shows_what_comes_back(shop: Shop) -> None:
    assert shop.restore().exit_code == 0
    [kept] = set(shop.family()) - {shop.live}
    with on_terminal(shop, "--undo") as terminal:
        question = shown(terminal)
        terminal.type(f"{shop.live}\n")
        code = terminal.finish()

    assert f"back {kept} (" in question
    assert "is at one now" in question
    assert code == 0, terminal.text
    assert shop.rows() == [("two",)]


def test_run_between_question_and_answer_refuses(shop: Shop) -> None:
    with on_terminal(shop, "latest") as terminal:
        shown(terminal)
        shop.project.revision("three", "op.execute('create table three (id int)')")
        assert shop.project.migrate("upgrade").exit_code == 0
        terminal.type(f"{shop.live}\n")
        code = terminal.finish()

    assert code == 5, terminal.text
    assert "another run has moved the database" in " ".join(terminal.text.split())
    assert shop.project.current_revision() == "three"


def test_restore_between_question_and_answer_refuses(shop: Shop) -> None:
    with on_terminal(shop, "latest") as terminal:
        shown(terminal)
        assert shop.restore().exit_code == 0
        family = shop.family()
        terminal.type(f"{shop.live}\n")
        code = terminal.finish()

    assert code == 5, terminal.text
    assert "another restore has replaced the database" in " ".join(terminal.text.split())
    assert shop.family() == family


def test_backup_of_another_database_is_named_so(
    shop: Shop, make_database: Callable[[], str]
) -> None:
    shop.project.database_url = make_database()
    with on_terminal(shop, shop.backup_id) as terminal:
        question = shown(terminal)
        terminal.type(CTRL_D)
        terminal.finish()

    assert "CAREFUL it is of " in question
    assert "the database is at no revision now" in question


def test_lost_database_is_shown_as_lost(shop: Shop) -> None:
    with closing(psycopg2.connect(shop.server.url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{shop.live}" WITH (FORCE)')
    with on_terminal(shop, shop.backup_id) as terminal:
        question = shown(terminal)
        terminal.type(f"{shop.live}\n")
        code = terminal.finish()

    assert f"the server has no database {shop.live}" in question
    assert code == 0, terminal.text
    assert shop.rows() == [("one",)]


def test_refusal_without_a_terminal_has_the_same_lines(shop: Shop) -> None:
    refused = shop.project.migrate("restore", "latest")

    assert refused.exit_code == 5
    assert "one; the database is at two now" in refused.stderr
    assert f"--confirm {shop.live}" in refused.stderr
