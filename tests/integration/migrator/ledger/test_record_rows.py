"""What the record answers, row by row: which runs count for which question."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from sst.db.url import DatabaseUrl
from sst.migrator.ledger.reader import Records
from sst.migrator.ledger.writer import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

pytestmark = pytest.mark.external

TABLE = "public.alembic_version"
OTHER = "billing.alembic_version"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
RUN = {
    "command": "upgrade",
    "target": "head",
    "environment": "testing",
    "version_table": TABLE,
    "from_heads": ["a"],
    "to_heads": ["b"],
    "os_user": "me",
    "host": "here",
    "pid": 1,
    "backend_pid": 0,
    "backend_start": BEGAN,
    "app_version": "1",
    "git_commit": "",
    "git_dirty": None,
    "trace_id": None,
}
WORD_OF_AN_OPERATOR = ["stamp", "restore"]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Return a connection to a database with an empty record."""
    engine = create_engine(
        DatabaseUrl(database_url).for_psycopg2(),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as found:
        Ledger(found, TABLE).create()
        yield found


def put(connection: Connection, number: int, outcome: str, **values: Any) -> str:
    """Write the run *number*, begun so many minutes after the first; return its id."""
    row = {"id": f"run{number}", "outcome": outcome, "plugins": "[]"} | RUN
    row |= {"started_at": BEGAN + timedelta(minutes=number), **values}
    _insert(connection, "run", row)
    return str(row["id"])


def put_step(connection: Connection, run_id: str, position: int = 0, **values: Any) -> None:
    """Write a step of the run *run_id*, applied when nothing else is said."""
    row = {"run_id": run_id, "position": position, "revision": "b", "direction": "upgrade"}
    _insert(connection, "step", row | {"checksum": "c", "outcome": "applied"} | values)


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    places = ", ".join(f":{name}" for name in row)
    statement = f"insert into migrator.{table} ({', '.join(row)}) values ({places})"  # noqa: S608 - ours
    connection.execute(text(statement), row)


def fetch(connection: Connection, question: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(question))]


# ------------------------------------------------------------------ which backups are needed

BACKUP = json.dumps({"id": "b1"})


@pytest.mark.parametrize("outcome", ["running", "failed", "unhealthy", "interrupted"])
def test_backup_of_a_run_that_did_not_end_well_is_needed(
    connection: Connection, outcome: str
) -> None:
    put(connection, 1, "succeeded")
    put(connection, 2, outcome, backup=BACKUP)
    put(connection, 3, "succeeded", command="repair")
    put(connection, 4, "succeeded", version_table=OTHER)
    put(connection, 5, "failed")

    assert Records(connection, TABLE).needed_backups() == {"b1"}
    assert Records(connection, OTHER).needed_backups() == {"b1"}


@pytest.mark.parametrize("outcome", ["succeeded", "refused"])
def test_backup_of_a_run_that_ended_well_or_did_nothing_is_not_needed(
    connection: Connection, outcome: str
) -> None:
    put(connection, 1, outcome, backup=BACKUP)

    assert Records(connection, TABLE).needed_backups() == frozenset()


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp", "restore"])
def test_later_success_ends_the_need(connection: Connection, command: str) -> None:
    put(connection, 1, "failed", backup=BACKUP)
    put(connection, 2, "succeeded", command=command)

    assert Records(connection, TABLE).needed_backups() == frozenset()


# ------------------------------------------------------------------ what is applied


@pytest.mark.parametrize(
    ("steps", "is_applied"),
    [
        ([("upgrade", "applied")], True),
        ([("upgrade", "applied"), ("downgrade", "applied")], False),
        ([("upgrade", "applied"), ("downgrade", "failed")], True),
        ([("upgrade", "applied"), ("downgrade", "applied"), ("upgrade", "applied")], True),
        ([("upgrade", "failed")], False),
        ([("upgrade", "interrupted")], False),
    ],
)
def test_newest_step_says_whether_a_revision_is_applied(
    connection: Connection, steps: list[tuple[str, str]], *, is_applied: bool
) -> None:
    for number, (direction, outcome) in enumerate(steps):
        run, began = put(connection, number, "succeeded"), BEGAN + timedelta(minutes=number)
        put_step(connection, run, direction=direction, outcome=outcome, started_at=began)

    found = Records(connection, TABLE).applied()

    assert [each.revision for each in found] == (["b"] if is_applied else [])
    assert Records(connection, OTHER).applied() == ()


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"outcome": "succeeded"}, False),
        ({"outcome": "failed"}, True),
        ({"outcome": "succeeded", "version_table": OTHER}, True),
        ({"outcome": "succeeded", "started_at": BEGAN}, True),
    ],
    ids=["succeeded", "failed", "of another history", "before it"],
)
def test_only_a_later_stamp_that_succeeded_forgets_the_code(
    connection: Connection, values: dict[str, Any], *, counts: bool
) -> None:
    put_step(connection, put(connection, 1, "succeeded"))
    put(connection, 2, **({"command": "stamp"} | values))

    assert bool(Records(connection, TABLE).applied()) is counts


def test_upgrade_alone_says_when_a_revision_was_applied(connection: Connection) -> None:
    later = BEGAN + timedelta(minutes=2)
    put_step(connection, put(connection, 1, "succeeded"), started_at=BEGAN, duration_ms=7)
    put_step(connection, put(connection, 2, "succeeded"), started_at=later, direction="downgrade")

    [found] = Records(connection, TABLE).last_upgrades().values()

    assert (found.applied_at, found.duration_ms) == (BEGAN, 7)


# ------------------------------------------------------------------ where the database was left


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "refused"},
        {"outcome": "succeeded", "to_heads": ["a"]},
        {"outcome": "failed", "to_heads": ["a"], "command": "stamp"},
        {"outcome": "succeeded", "to_heads": ["c"], "version_table": OTHER},
    ],
    ids=["refused", "moved nothing", "failed stamp", "of another history"],
)
def test_run_that_moved_nothing_does_not_say_where_the_database_is(
    connection: Connection, values: dict[str, Any]
) -> None:
    put(connection, 1, "succeeded")
    put(connection, 2, **values)

    assert Records(connection, TABLE).left_at() == ("b",)


@pytest.mark.parametrize("command", WORD_OF_AN_OPERATOR)
def test_operators_word_counts_although_nothing_moved(
    connection: Connection, command: str
) -> None:
    put(connection, 1, "succeeded")
    put(connection, 2, "succeeded", command=command, to_heads=["a"])

    assert Records(connection, TABLE).left_at() == ("a",)


@pytest.mark.parametrize(
    ("outcome", "error", "is_unfinished"),
    [
        ("running", None, True),
        ("interrupted", None, True),
        ("interrupted", "{}", False),
        ("failed", "{}", False),
        ("failed", None, False),
        ("succeeded", None, False),
    ],
)
def test_run_without_a_last_word_is_unfinished(
    connection: Connection, outcome: str, error: str | None, *, is_unfinished: bool
) -> None:
    put(connection, 1, outcome, error=error)

    move = Records(connection, TABLE).last_move()

    assert move is not None
    assert (move.is_unfinished, move.is_at_work) == (is_unfinished, False)


# ------------------------------------------------------------------ what is written


def test_environment_is_that_of_the_newest_run_that_was_let_in(connection: Connection) -> None:
    put(connection, 1, "succeeded", environment="old")
    put(connection, 2, "failed", environment="live")
    put(connection, 3, "refused", environment="strange")
    put(connection, 4, "succeeded", environment="other", version_table=OTHER)

    assert Ledger(connection, TABLE).environment() == "live"


def test_newest_run_is_the_newest_when_the_clock_was_set_back(connection: Connection) -> None:
    put(connection, 1, "succeeded", started_at=datetime(2999, 1, 1, tzinfo=UTC))

    Ledger(connection, TABLE).start({"id": "now", "plugins": []} | RUN)

    newest = "select id from migrator.run order by started_at desc"
    assert fetch(connection, newest) == [("now",), ("run1",)]


@pytest.mark.parametrize(
    ("heads", "written"), [(None, ["b"]), ((), []), (("c",), ["c"])], ids=["unknown", "none", "c"]
)
def test_heads_are_written_where_they_are_known(
    connection: Connection, heads: tuple[str, ...] | None, written: list[str]
) -> None:
    put(connection, 1, "running")

    Ledger(connection, TABLE).finish("run1", "failed", heads=heads)

    assert fetch(connection, "select outcome, to_heads from migrator.run") == [("failed", written)]


def test_blockers_of_every_try_are_kept(connection: Connection) -> None:
    put_step(connection, put(connection, 1, "running"), outcome="running")
    ledger = Ledger(connection, TABLE)

    ledger.note_try("run1", 0, 1, [{"pid": 7}])
    ledger.note_try("run1", 0, 2, [{"pid": 8}, {"pid": 9}])

    row = "select attempts, blockers from migrator.step"
    assert fetch(connection, row) == [(2, [{"pid": 7}, {"pid": 8}, {"pid": 9}])]


def test_dead_run_is_marked_with_the_revision_that_it_died_in(connection: Connection) -> None:
    ledger = Ledger(connection, TABLE)
    dead, others = (
        put(connection, 1, "running"),
        put(connection, 2, "running", version_table=OTHER),
    )
    for position, outcome in enumerate(("applied", "running")):
        put_step(connection, dead, position, revision=outcome, outcome=outcome)
        put_step(connection, others, position, revision=outcome, outcome=outcome)

    found = ledger.dead_runs()
    ledger.mark_interrupted(found)

    assert [(run.id, run.revision) for run in found] == [("run1", "running")]
    outcomes = "select r.outcome, s.outcome from migrator.run r join migrator.step s"
    assert fetch(connection, f"{outcomes} on s.run_id = r.id order by r.id, s.position") == [
        *(("interrupted", "applied"), ("interrupted", "interrupted")),
        *(("running", "applied"), ("running", "running")),
    ]


@pytest.mark.parametrize(("outcome", "then"), [("interrupted", "running"), ("succeeded",) * 2])
def test_run_that_comes_back_goes_on_unless_it_has_ended(
    connection: Connection, outcome: str, then: str
) -> None:
    """Another run may have taken it for dead while its restore swapped the databases."""
    put(connection, 1, outcome, finished_at=BEGAN)
    ledger = Ledger(connection, TABLE)

    assert ledger.resume("run1", backend_pid=7, backend_start=BEGAN)
    assert not ledger.resume("run2", backend_pid=7, backend_start=BEGAN)

    row = "select outcome, finished_at is null, backend_pid from migrator.run"
    assert fetch(connection, row) == [(then, then == "running", 7)]


@pytest.mark.parametrize(("outcome", "is_known"), [("succeeded", False), ("failed", True)])
def test_restore_by_another_project_takes_our_last_move_with_it(
    connection: Connection, outcome: str, *, is_known: bool
) -> None:
    """Its backup is of the whole database; what we did since then is no longer there."""
    put(connection, 1, "succeeded")
    put(connection, 2, outcome, command="restore", version_table=OTHER)

    move = Records(connection, TABLE).last_move()

    assert (move is not None) is is_known
