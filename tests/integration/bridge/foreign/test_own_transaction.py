"""A revision that ends its own transaction, in every spelling, is never taken for applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.bridge import EndedTransactionError, Footprint
from tests.support.driven import DOWN, Driven, env_of
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INSERT = "insert into kept values (1)"
WRITES = f"op.execute({INSERT!r})\n"
COMMITS = {
    "commit": "op.get_bind().commit()",
    "text": "op.execute('COMMIT')",
    "work": "op.execute('commit work')",
    "end": "op.execute('END')",
    "commented": "op.execute('/* as psql does */ COMMIT')",
    "several": "op.execute('select 1; COMMIT; select 2')",
    "chain": "op.execute('COMMIT AND CHAIN')",
    "begun again": "op.execute('COMMIT; BEGIN')",
    "driver": "op.get_bind().connection.commit()",
    "driver connection": "op.get_bind().connection.driver_connection.commit()",
    "cursor": "op.get_bind().connection.cursor().execute('COMMIT')",
    "inner": "op.get_bind().get_transaction().commit()",
    "reset": "op.execute('COMMIT; BEGIN'); op.execute('RESET ALL')",
    "reset in one": "op.execute('COMMIT; BEGIN; RESET ALL')",
}
ROLLBACKS = {
    "rollback": "op.get_bind().rollback()",
    "close": "op.get_bind().close()",
    "text": "op.execute('ROLLBACK')",
    "work": "op.execute('rollback work')",
    "abort": "op.execute('ABORT')",
    "several": "op.execute('select 1; ROLLBACK')",
    "chain": "op.execute('ROLLBACK AND CHAIN')",
    "driver": "op.get_bind().connection.rollback()",
    "cursor": "op.get_bind().connection.cursor().execute('ROLLBACK')",
    "session": "from sqlalchemy.orm import Session\nsession = Session(op.get_bind())\n"
    "session.execute(sa.text('select 1'))\nsession.rollback()",
    "inner": "op.get_bind().get_transaction().rollback()",
}
_BLOCK = "with op.get_context().autocommit_block():\n    op.execute('vacuum kept')\n"
LEGAL = {
    "reset all": "op.execute('RESET ALL')",
    "savepoint": "with op.get_bind().begin_nested():\n    pass",
    "rolled back to": "op.execute('savepoint a'); op.execute('rollback to a')",
    "rolled back to, long": "op.execute('savepoint a')\n"
    "op.execute('rollback work to savepoint a')",
    "block": "with op.get_context().autocommit_block():\n    op.execute('vacuum kept')",
    "two blocks": "for _ in range(2):\n    with op.get_context().autocommit_block():\n"
    "        op.execute('vacuum kept')",
    "commit before a block": f"op.get_bind().commit()\n{_BLOCK}op.execute('select 1')",
    "another connection": "with op.get_bind().engine.connect() as other:\n    other.commit()",
    "session": "from sqlalchemy.orm import Session\nsession = Session(op.get_bind())\n"
    "session.execute(sa.text('select 1'))\nsession.commit()\nsession.close()",
    "atomic": "op.execute('create function one() returns int begin atomic select 1; end')",
    "word": """op.execute("comment on table kept is 'COMMIT; ROLLBACK'")""",
    "procedure": "op.execute('do $$ begin perform 1; end $$')",
}


@pytest.fixture(params=["handed", "stock"])
def chain(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    drive: Callable[..., Driven],
    database_url: str,
) -> Callable[..., Driven]:
    """Return a function that opens a project at its first revision, with a second one pending."""

    def opened(up: str, undo: str = "pass") -> Driven:
        env, url = env_of(request.param, database_url)
        project = ForeignProject.create(tmp_path, env)
        project.revision("aa01", up="op.execute('create table kept (n int)')")
        driven = drive(project.revision("bb02", "aa01", up=up, undo=undo), url)
        driven.go("aa01")
        return driven

    return opened


def _try(driven: Driven, error: type[Exception]) -> tuple[Footprint, str]:
    """Apply the pending revision; return what it left and what is told of it."""
    (step,) = driven.plan("head")
    footprint = Footprint()
    with pytest.raises(error) as caught:
        driven.project.apply(
            step, driven.connection, driven.url, session_settings={}, footprint=footprint
        )
    assert not driven.connection.in_transaction()
    assert driven.current() == step.before
    footprint.committed(caught.value)
    return footprint, str(caught.value)


def _count(driven: Driven) -> object:
    return driven.fetch("select count(*) from kept")


@pytest.mark.parametrize("does", COMMITS.values(), ids=COMMITS)
def test_revision_that_commits_is_not_applied(does: str, chain: Callable[..., Driven]) -> None:
    driven = chain(WRITES + does)

    footprint, _ = _try(driven, EndedTransactionError)

    assert INSERT in footprint.committed(EndedTransactionError())
    assert _count(driven) == 1


@pytest.mark.parametrize("does", ROLLBACKS.values(), ids=ROLLBACKS)
def test_revision_that_rolls_back_is_not_applied(does: str, chain: Callable[..., Driven]) -> None:
    driven = chain(WRITES + does)

    footprint, told = _try(driven, EndedTransactionError)

    assert footprint.committed(EndedTransactionError()) == ()
    assert "; lost: insert into kept values (?)" in told
    assert _count(driven) == 0


# A `RESET ALL` after it is looked at first: the revision does not get to its own error.
_UNSEEN = {name: does for name, does in COMMITS.items() if name != "reset"}


@pytest.mark.parametrize("does", _UNSEEN.values(), ids=_UNSEEN)
def test_failure_after_a_commit_knows_what_is_committed(
    does: str, chain: Callable[..., Driven]
) -> None:
    driven = chain(f"{WRITES}{does}\nraise RuntimeError('later')")

    footprint, told = _try(driven, RuntimeError)

    assert told == "later"
    assert INSERT in footprint.committed(RuntimeError())
    assert _count(driven) == 1


@pytest.mark.parametrize("does", LEGAL.values(), ids=LEGAL)
def test_what_leaves_the_transaction_alone_is_applied(
    does: str, chain: Callable[..., Driven]
) -> None:
    driven = chain(WRITES + does)

    assert driven.go("head") == ("bb02",)
    assert _count(driven) == 1


@pytest.mark.parametrize(
    "does", ["op.get_bind().commit()\nop.execute('select 1')", "op.get_bind().rollback()"]
)
def test_end_that_is_not_right_before_a_block_is_refused_there(
    does: str, chain: Callable[..., Driven]
) -> None:
    """The block commits what is open: a statement after the commit would be without its first."""
    driven = chain(f"{WRITES}{does}\n{_BLOCK}")

    _try(driven, EndedTransactionError)


@pytest.mark.parametrize("does", [COMMITS["commit"], COMMITS["driver"], ROLLBACKS["close"]])
def test_downgrade_that_ends_its_transaction_is_not_reverted(
    does: str, chain: Callable[..., Driven]
) -> None:
    driven = chain("pass", WRITES + does)
    driven.go("head")

    with pytest.raises(EndedTransactionError):
        driven.go("aa01", DOWN)

    assert driven.current() == ("bb02",)


def test_asynchronous_env_is_looked_at_too(
    tmp_path: Path, drive: Callable[..., Driven], database_url: str
) -> None:
    env, url = env_of("async", database_url)
    project = ForeignProject.create(tmp_path, env)
    driven = drive(project.revision("aa01", up="op.get_bind().commit()"), url)

    with pytest.raises(EndedTransactionError, match=r"commit\(\) at line"):
        driven.go("head")

    assert driven.current() == ()
