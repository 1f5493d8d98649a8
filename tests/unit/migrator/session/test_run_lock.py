"""The lock's key, which old and new images share, and the poolers that would lose it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sst.errors import LockBusyError, PooledConnectionError
from sst.migrator.session.run_lock import RunLock, refuse_pooler


class Answering:
    """A connection whose driver was told one server process, and that another one answers."""

    def __init__(self, announced: int, answering: int) -> None:
        info = SimpleNamespace(backend_pid=announced)
        self.connection = SimpleNamespace(driver_connection=SimpleNamespace(info=info))
        self._answering = answering

    def execute(self, _: object) -> Answering:
        return self

    def scalar(self) -> int:
        return self._answering

    def commit(self) -> None:
        """End the transaction."""


def key(version_table: str, version_schema: str | None) -> int:
    """Return the lock's number for this version table."""
    return RunLock(cast("Any", None), version_table, version_schema)._key


@pytest.mark.parametrize(
    ("table", "schema", "number"),
    [
        ("alembic_version", "public", -4469269758114764192),
        ("alembic_version", "a", -2329095382306541925),
    ],
)
def test_key_is_pinned_so_that_an_old_image_and_a_new_one_exclude_each_other(
    table: str, schema: str, number: int
) -> None:
    assert key(table, schema) == number


def test_key_tells_apart_tables_and_schemas() -> None:
    places = [("a", "x"), ("a", "y"), ("b", "x"), ("a", None)]

    assert len({key(*place) for place in places}) == len(places)


@pytest.mark.parametrize(("announced", "answering"), [(7, 8), (8, 7), (0, 7)])
def test_another_server_process_than_announced_is_a_pooler(announced: int, answering: int) -> None:
    with pytest.raises(PooledConnectionError, match="MIGRATION_DATABASE_URL"):
        refuse_pooler(cast("Any", Answering(announced, answering)))


def test_the_server_process_that_was_announced_is_no_pooler() -> None:
    refuse_pooler(cast("Any", Answering(7, 7)))


def poll(answers: list[bool], wait_seconds: float, told: list[object]) -> None:
    """Poll a lock whose tries end as *answers* say; *told* gets who has it."""
    attempts = iter(answers)
    RunLock(cast("Any", None), "a", "x")._poll(
        lambda: next(attempts),
        lambda: None,
        wait_seconds,
        told.append,
        lambda _, seconds: LockBusyError(what="busy", why=f"{seconds}", next_step="wait"),
    )


def test_wait_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sst.migrator.session.run_lock.time.sleep", lambda _: None)
    told: list[object] = []

    poll([False, False, False, True], 3600, told)

    assert told == [None]


def test_free_lock_is_nobodys_wait_and_a_busy_one_without_patience_an_error() -> None:
    told: list[object] = []

    poll([True], 0, told)
    with pytest.raises(LockBusyError):
        poll([False, True], 0, told)

    assert told == []
