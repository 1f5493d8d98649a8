"""A result is read back as it was kept."""

from __future__ import annotations

from sst.hooks.contract.plan.statement import Change, ChangeKind, Lock, Seconds, Statement
from sst.migrator.rehearsal.cache.results import Result, of_now


def test_statement_is_read_back_as_it_was() -> None:
    """With the oldest pydantic, too."""
    change = Change(ChangeKind.ADD_CHECK, "public.note", "positive", ("x",), is_valid=False)
    statement = Statement(
        "alembic/versions/one.py",
        7,
        "alter table note add check (x > 0) not valid",
        locks=(Lock("public.note", "AccessExclusiveLock", is_held=True),),
        scans=("public.note",),
        seconds=Seconds(0.5, 2.0, "inferred"),
        changes=(change,),
        revision="one",
        transaction=2,
    )
    kept = of_now("on the database's own server", {"one": (statement,), "two": ()})

    read = Result.model_validate_json(kept.model_dump_json())

    assert read == kept
    assert read.statements["one"] == (statement,)
