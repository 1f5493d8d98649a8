"""A revision that ends its own transaction ends the run, and the message says what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs

if TYPE_CHECKING:
    from tests.support.project import Project

WRITES = "op.execute('insert into kept values (1)')\n"


@pytest.fixture(params=["own", "stock"])
def chain(request: pytest.FixtureRequest, project: Project) -> Project:
    """Return a project at its first revision, whose env.py uses our connection or its own."""
    if request.param == "stock":
        (project.root / "alembic" / "env.py").write_text(envs.STOCK)
    project.revision("one", "op.execute('create table kept (n int)')")
    assert project.migrate("upgrade").exit_code == 0
    return project


def _rows(project: Project) -> list[int]:
    return [row[0] for row in project.query("select n from kept order by n")]


def test_connection_as_a_context_manager_is_named_with_its_line(chain: Project) -> None:
    """Leaving the block closes the connection, and that rolls everything back."""
    body = (
        "with op.get_bind() as connection:\n    connection.execute(sa.text('select 1 from kept'))"
    )
    chain.revision("two", body)
    (file,) = (chain.root / "alembic" / "versions").glob("*_two.py")
    lines = file.read_text().splitlines()
    line = next(at for at, text in enumerate(lines, 1) if "with op.get_bind()" in text)

    end = chain.migrate("upgrade", "--json")

    assert f"rollback() or close() at line {line} " in end.json["error"]["message"], end.output
    assert end.json["error"]["code"] == "transaction_ended"
    assert "lost: select ? from kept" in end.json["error"]["message"]
    assert "nothing of the revision is committed" in end.json["error"]["message"]
    assert chain.current_revision() == "one"
    assert chain.query("select outcome from migrator.step order by started_at")[-1] == ("failed",)


def test_what_follows_a_commit_is_lost_and_both_are_named(chain: Project) -> None:
    chain.revision(
        "two", WRITES + "op.get_bind().commit()\nop.execute('insert into kept (n) select 2')"
    )

    end = chain.migrate("upgrade", "--json")

    message = end.json["error"]["message"]
    assert "lost: insert into kept (n) select ?" in message
    assert "a part of the revision IS committed: insert into kept values (?)" in message
    assert "env.py" not in message
    assert _rows(chain) == [1]


def test_lock_timeout_after_a_commit_is_not_tried_again(chain: Project) -> None:
    """The second try would write the row a second time."""
    chain.settings |= {"migrate.lock_timeout": "0.1", "migrate.lock_retry_pauses": "[0.01]"}
    chain.revision(
        "two",
        WRITES + "op.get_bind().connection.commit()\n"
        'op.execute("do $$ begin raise lock_not_available; end $$")',
    )

    end = chain.migrate("upgrade", "--json")

    assert end.exit_code == 1, end.output
    assert _rows(chain) == [1]


UNTOLD = {
    "commit": "send = op.get_bind().connection.cursor().execute\n"
    "send('insert into kept values (1)')\nsend('commit')",
    "rollback": "send = op.get_bind().connection.cursor().execute\n"
    "send('rollback')\nsend('insert into kept values (1)')",
    "behind": "op.execute('rollback; insert into kept values (1)')",
}


@pytest.mark.parametrize("body", UNTOLD.values(), ids=UNTOLD)
def test_nothing_is_said_to_be_uncommitted_that_was_not_seen(body: str, chain: Project) -> None:
    chain.revision("two", body)

    end = chain.migrate("upgrade", "--json")

    assert _rows(chain) == [1]
    assert end.json["error"]["code"] == "transaction_ended"
    assert "nothing of the revision is committed" not in end.json["error"]["message"]


@pytest.mark.parametrize("ends", ["rollback and chain", "rollback; begin"])
def test_what_follows_in_a_transaction_of_its_own_is_lost(ends: str, chain: Project) -> None:
    chain.revision("two", f"op.execute({ends!r})\n{WRITES}")

    end = chain.migrate("upgrade", "--json")

    assert _rows(chain) == []
    assert "lost: insert into kept values (?)" in end.json["error"]["message"]
    assert "nothing of the revision is committed" in end.json["error"]["message"]


@pytest.mark.parametrize("ends", ["connection.close()", "invalidate()"])
def test_connection_that_is_given_away_is_named(ends: str, chain: Project) -> None:
    chain.revision("two", f"{WRITES}op.get_bind().{ends}")

    end = chain.migrate("upgrade", "--json")

    assert _rows(chain) == []
    assert end.exit_code == 1
    assert end.json["error"]["code"] == "transaction_ended", end.output
    assert chain.current_revision() == "one"
