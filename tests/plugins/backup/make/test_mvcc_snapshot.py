"""One moment for everything: what is dumped, what is counted, and at which revision."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from psycopg2 import errors

from plugins.backup.archive.contents import count_all, list_tables
from plugins.backup.make import mvcc_snapshot
from plugins.backup.make.mvcc_snapshot import held_snapshot
from plugins.backup.postgres.database_session import Session
from plugins.backup.postgres.process import Deadline
from sst.db.url import DatabaseUrl
from tests.support.backups import (
    archive_of,
    backup_plugin,
    execute,
    fetch,
    manifest_of,
    restore,
    vetoed,
)
from tests.support.pg_tools import wrapped
from tests.support.runs import make_run
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from psycopg2.sql import Composable

    from plugins.backup.archive.contents import Table
    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run

pytestmark = pytest.mark.external

REWRITE = "ALTER TABLE note ALTER COLUMN body TYPE varchar(500)"
ODD = (
    'CREATE SCHEMA "Odd ""schema"',
    'CREATE TABLE "Odd ""schema"."Tab le" (n integer)',
    'INSERT INTO "Odd ""schema"."Tab le" SELECT generate_series(1, 3)',
    "CREATE TABLE part (n integer) PARTITION BY RANGE (n)",
    "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10)",
    "INSERT INTO part SELECT generate_series(1, 4)",
    "CREATE TABLE parent (n integer)",
    "CREATE TABLE child () INHERITS (parent)",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO child VALUES (1), (2)",
    "CREATE UNLOGGED TABLE quick AS SELECT 1 AS n",
    "CREATE TABLE nothing ()",
    "INSERT INTO nothing DEFAULT VALUES",
    "CREATE VIEW seen AS SELECT * FROM note",
    "CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM note",
    "CREATE FOREIGN DATA WRAPPER nobody",
    "CREATE SERVER nowhere FOREIGN DATA WRAPPER nobody",
    "CREATE FOREIGN TABLE afar (n integer) SERVER nowhere",
    "SELECT lo_from_bytea(0, 'one'), lo_from_bytea(0, 'two')",
)
ODD_ROWS = {
    '"Odd ""schema"."Tab le"': 3,
    "public.child": 2,
    "public.note": 2000,
    "public.nothing": 1,
    "public.parent": 1,
    "public.part_1": 4,
    "public.quick": 1,
}


@pytest.mark.external
def test_table_that_is_rewritten_just_before_the_lock_is_dumped_with_its_rows(
    run: Run,
    filled: str,
    real: Tools,
    make_database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the snapshot before the lock it would be empty in dump and count alike, exit code 0."""
    lock = mvcc_snapshot._lock

    def rewrite_first(session: Session, names: Sequence[str]) -> None:
        execute(filled, REWRITE)
        lock(session, names)

    monkeypatch.setattr(mvcc_snapshot, "_lock", rewrite_first)

    backup = backup_plugin().pre_migrate(run)

    restored = make_database()
    restore(archive_of(backup), restored, real)
    assert fetch(restored, "SELECT count(*) FROM note") == [(2000,)]
    assert manifest_of(backup)["tables"] == {"public.note": 2000}


@pytest.mark.external
def test_nobody_can_rewrite_a_table_while_the_snapshot_is_held(filled: str) -> None:
    with held_snapshot(DatabaseUrl(filled), Deadline(30)), closing(connect(filled)) as other:
        cursor = other.cursor()
        cursor.execute("SET lock_timeout = '50ms'")

        with pytest.raises(errors.LockNotAvailable):
            cursor.execute(REWRITE)

        cursor.execute("UPDATE note SET body = NULL WHERE id = 1")  # writing goes on


def test_manifest_says_what_the_dump_holds_although_a_migration_commits_meanwhile(
    run: Run, filled: str, tmp_path: Path, real: Tools, make_database: Callable[[], str]
) -> None:
    """Between our snapshot and pg_dump's start: new revision, new rows, a new table."""
    execute(filled, "CREATE TABLE alembic_version (version_num text)")
    execute(filled, "INSERT INTO alembic_version VALUES ('a1')")
    migration = (
        "UPDATE alembic_version SET version_num = 'b2'; INSERT INTO note VALUES (0);"
        " CREATE TABLE later (n integer)"
    )
    body = f'"$(dirname "$REAL")/psql" -qXc "{migration}" || exit; exec "$REAL" "$@"'

    backup = backup_plugin(pg_bin=wrapped(tmp_path / "bin", real, body)).pre_migrate(run)

    restored = make_database()
    restore(archive_of(backup), restored, real)
    manifest = manifest_of(backup)
    assert fetch(filled, "SELECT version_num FROM alembic_version") == [("b2",)]
    assert manifest["heads"] == ["a1"]
    assert manifest["tables"] == {"public.alembic_version": 1, "public.note": 2000}
    assert fetch(restored, "SELECT version_num FROM alembic_version") == [("a1",)]
    assert fetch(restored, "SELECT count(*) FROM note") == [(2000,)]


@pytest.mark.external
def test_every_table_with_rows_of_its_own_is_counted(filled: str) -> None:
    """Neither views nor heads of partitions nor foreign tables, and each row once."""
    for statement in ODD:
        execute(filled, statement)

    with held_snapshot(DatabaseUrl(filled), Deadline(30)) as held:
        ask = held.asking("", lambda session: count_all(session, held.tables, None))
        with ask as counting:
            found = counting.result(Deadline(30))

    assert found.tables == ODD_ROWS
    assert (found.large_objects, found.heads) == (2, ())


def test_table_that_comes_while_the_others_are_locked_is_locked_too(
    filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def list_then_create(session: Session, schema: str) -> tuple[Table, ...]:
        found = list_tables(session, schema)
        execute(filled, "CREATE TABLE IF NOT EXISTS newcomer AS SELECT 1 AS n")
        return found

    monkeypatch.setattr(mvcc_snapshot, "list_tables", list_then_create)
    held_locks = (
        "SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND l.mode = 'AccessShareLock' AND c.relname IN ('note', 'newcomer') ORDER BY 1"
    )

    with held_snapshot(DatabaseUrl(filled), Deadline(30)) as held:
        assert [table.name for table in held.tables] == ["public.newcomer", "public.note"]
        assert fetch(filled, held_locks) == [("newcomer",), ("note",)]


def test_newcomer_that_is_rewritten_before_its_lock_is_dumped_with_its_rows(
    run: Run,
    filled: str,
    real: Tools,
    make_database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It came after the others were listed, and looks empty to the snapshot: another is taken."""
    lock = mvcc_snapshot._lock

    def create_then_rewrite(session: Session, names: Sequence[str]) -> None:
        if names == ["public.note"]:
            execute(filled, "CREATE TABLE newcomer AS SELECT generate_series(1, 3) AS n")
        elif names == ["public.newcomer"]:
            execute(filled, "ALTER TABLE newcomer ALTER COLUMN n TYPE bigint")
        lock(session, names)

    monkeypatch.setattr(mvcc_snapshot, "_lock", create_then_rewrite)

    backup = backup_plugin().pre_migrate(run)

    restored = make_database()
    restore(archive_of(backup), restored, real)
    assert manifest_of(backup)["tables"] == {"public.newcomer": 3, "public.note": 2000}
    assert fetch(restored, "SELECT count(*) FROM newcomer") == [(3,)]


def test_tables_that_come_and_go_all_the_time_are_an_error_in_the_end(
    run: Run, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def list_then_drop(session: Session, schema: str) -> tuple[Table, ...]:
        execute(filled, "CREATE TABLE fleeting (n integer)")
        found = list_tables(session, schema)
        execute(filled, "DROP TABLE fleeting")
        return found

    monkeypatch.setattr(mvcc_snapshot, "list_tables", list_then_drop)

    veto = vetoed(run)

    assert "tables were created, dropped or rewritten during each of 5 attempts" in veto.reason


@pytest.mark.external
def test_policy_that_hides_rows_is_an_error_not_a_smaller_backup(
    run: Run, filled: str, tmp_path: Path
) -> None:
    """As pg_dump does; its own check would come after our count."""
    role = f"{run.database_url.name}_reader"
    for statement in (
        f"CREATE ROLE {role}",
        f"GRANT SELECT ON note TO {role}",
        "ALTER TABLE note ENABLE ROW LEVEL SECURITY",
    ):
        execute(filled, statement)
    weak = DatabaseUrl(f"{filled}{'&' if '?' in filled else '?'}options=-c%20role%3D{role}")

    try:
        veto = vetoed(make_run(filled, tmp_path, database_url=weak))
    finally:
        execute(filled, f"DROP OWNED BY {role}")
        execute(filled, f"DROP ROLE {role}")

    assert "row-level security" in veto.reason
    assert "BYPASSRLS" in veto.hint


def test_a_thousand_tables_are_locked_in_one_statement_and_counted_in_a_few(filled: str) -> None:
    execute(
        filled,
        "DO $$ BEGIN FOR n IN 1..1000 LOOP"
        " EXECUTE format('CREATE TABLE t_%s AS SELECT 1 AS n', n); END LOOP; END $$",
    )
    questions: list[str] = []

    class Counted(Session):
        """A session that remembers what it was asked."""

        def fetch(self, question: str | Composable, *rest: object) -> list[tuple[object, ...]]:
            questions.append(str(question))
            return super().fetch(question, *rest)  # type: ignore[arg-type]

    started = time.monotonic()
    with held_snapshot(DatabaseUrl(filled), Deadline(60)) as held:
        taken = time.monotonic() - started
        held._session.__class__ = Counted
        with held.asking("", lambda it: count_all(it, held.tables, None)) as counting:
            found = counting.result(Deadline(60))

    assert len(found.tables) == 1001
    assert len(questions) < 10
    assert taken < 10


def test_rewrite_is_found_where_there_is_no_room_for_locks(
    run: Run, filled: str, tmp_path: Path, real: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand tables on a server as it is installed: pg_dump takes all the locks of it."""
    monkeypatch.setattr(mvcc_snapshot, "_LOCKS_PER_TABLE", 10**9)
    assert backup_plugin().pre_migrate(run).verified
    body = f'"$(dirname "$REAL")/psql" -qXc "{REWRITE}" || exit; exec "$REAL" "$@"'

    veto = vetoed(
        make_run(filled, tmp_path, id="20261122T143001Z-ffffff"),
        pg_bin=wrapped(tmp_path / "bin", real, body),
    )

    assert veto.reason == "no backup: public.note was rewritten or truncated meanwhile"


@pytest.mark.external
def test_too_many_tables_for_the_locks_of_the_server_names_the_setting(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pg_dump alone would fail with the same error and half the advice."""

    def no_room(*_: object) -> None:
        raise errors.OutOfMemory("out of shared memory\nHINT: You might need")

    monkeypatch.setattr(mvcc_snapshot, "_lock", no_room)

    veto = vetoed(run)

    assert veto.reason.startswith("no backup: out of shared memory")
    assert "max_locks_per_transaction to" in veto.hint
