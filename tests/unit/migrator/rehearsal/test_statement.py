"""A statement as JSON has its own locks; those of the statements before it are theirs."""

from __future__ import annotations

from sst.hooks import Lock, Statement

_HELD = tuple(
    Lock(f"public.t{number}", "AccessExclusiveLock", is_held=True) for number in range(9)
)


def test_held_lock_is_listed_where_the_statement_names_its_relation() -> None:
    statement = Statement("f", 1, "update t3 set a = 1", (*_HELD, Lock("public.t", "ShareLock")))

    found = statement.to_dict()

    assert [each["relation"] for each in found["locks"]] == ["public.t3", "public.t"]
    assert found["blocks"] == "reads and writes"
