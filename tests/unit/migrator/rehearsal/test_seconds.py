"""The seconds of a statement follow from what it was seen to do, or are not known."""

from __future__ import annotations

import pytest

from sst.hooks import Change, ChangeKind, Lock, Statement
from sst.migrator.rehearsal.real.seconds import seconds_of
from sst.migrator.rehearsal.real.sizes import Size

_T = "public.t"
_SIZES = {
    _T: Size(1, 1_000_000, 75_000_000, "r", 52_000_000, is_index=False, indexes=1, parts=(1,)),
    "public.t_pkey": Size(
        1, 1_000_000, 75_000_000, "r", 52_000_000, is_index=True, indexes=1, parts=(1,)
    ),
    "public.new": Size(2, None, 8192, "r", 0, is_index=False, indexes=0, parts=(2,)),
}
_LOCK = Lock(_T, "AccessExclusiveLock")


def _statement(
    sql: str,
    *changes: ChangeKind,
    scans: tuple[str, ...] = (_T,),
    rewrites: tuple[str, ...] = (),
    writes: tuple[str, ...] = (),
) -> Statement:
    found = tuple(Change(each, _T) for each in changes)
    return Statement("f", 1, sql, (_LOCK,), rewrites, scans, writes=writes, changes=found)


_INFERRED = {
    "scan": _statement("alter table t alter a set not null", ChangeKind.ADD_NOT_NULL),
    "foreign key": _statement("alter table t add foreign key", ChangeKind.ADD_FOREIGN_KEY),
    "index": _statement("create index on t (a)"),
    "unique": _statement("alter table t add unique (a)", ChangeKind.ADD_UNIQUE),
    "rewrite": _statement(
        "alter table t alter a type bigint",
        ChangeKind.CHANGE_TYPE,
        rewrites=(_T, "public.t_pkey"),
    ),
    "update": _statement("UPDATE t SET a = 1", scans=(), writes=(_T,)),
    "block": _statement("do $$ ... $$", ChangeKind.ADD_CHECK),
}
_UNKNOWN = {
    "some rows": _statement("update t set a = 1 where b", scans=(), writes=(_T,)),
    "joined rows": _statement("delete from t using s", scans=(), writes=(_T,)),
    "a query": _statement("create table s as select * from t"),
    "a read": _statement("select count(*) from t"),
    "a block that writes": _statement("do $$ ... $$", ChangeKind.ADD_CHECK, writes=(_T,)),
    "no statistics": _statement("create index on new (a)", scans=("public.new",)),
    "no size": _statement("create index on gone (a)", scans=("public.gone",)),
    "another method": _statement("create index on t using gin (a)"),
}


@pytest.mark.parametrize("name", _INFERRED)
def test_seconds_follow_from_rows_and_bytes(name: str) -> None:
    """More rows take longer, and the range is one."""
    statement = _INFERRED[name]

    found = seconds_of(statement, _SIZES)

    assert found is not None
    assert found.known == "inferred"
    assert 0 <= found.low < found.high


def test_more_work_takes_longer() -> None:
    found = {name: seconds_of(each, _SIZES) for name, each in _INFERRED.items()}

    highest = {name: each.high for name, each in found.items() if each}
    assert highest["scan"] < highest["foreign key"] < highest["rewrite"]
    assert highest["scan"] < highest["index"]


@pytest.mark.parametrize("name", _UNKNOWN)
def test_what_nobody_knows_has_no_seconds(name: str) -> None:
    assert seconds_of(_UNKNOWN[name], _SIZES) is None


@pytest.mark.parametrize(
    "sql", ["alter table t add x integer", "drop index i", "comment on table t is 'x'"]
)
def test_change_of_the_catalogue_alone_is_assumed_to_be_short(sql: str) -> None:
    found = seconds_of(_statement(sql, scans=()), {})

    assert found is not None
    assert found.known == "assumed"


def test_emptied_table_is_not_written_anew() -> None:
    """TRUNCATE makes a new file that has nothing in it."""
    found = seconds_of(_statement("TRUNCATE t", rewrites=(_T,)), _SIZES)

    assert found is not None
    assert found.known == "assumed"


def test_statement_that_was_not_observed_has_no_seconds() -> None:
    statement = Statement("f", 1, "vacuum t", unseen="it cannot run in a transaction block")

    assert seconds_of(statement, _SIZES) is None
