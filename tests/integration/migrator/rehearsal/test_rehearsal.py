"""`plan` runs what is pending on a copy, and says what each statement does there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import foreign_envs

if TYPE_CHECKING:
    from tests.support.project import Outcome, Project

_TABLE = "create table note (id integer primary key, moment timestamp, body text)"
_ROWS = "insert into note select i, now(), 'x' from generate_series(1, 1000) i; analyze note"


@pytest.fixture
def pending(project: Project) -> Project:
    """Return a project with a table that has rows; its next revisions are pending."""
    project.enable("backup")
    project.revision("one", f"op.execute({_TABLE!r})")
    project.revision(
        "two",
        "op.execute('create index note_moment on note (moment)')",
        "op.drop_index('note_moment')",
    )
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    project.query(_ROWS)
    return project


def test_line_of_a_statement_has_what_it_blocks_and_how_much_is_there(pending: Project) -> None:
    pending.revision("three", "op.execute('alter table note add check (id > 0)')")

    plan = pending.migrate("plan")

    head, line, rows = plan.stdout.splitlines()
    assert head == "three\tpending\tthree"
    empty, words, locks, did, because, place, sql, *_ = line.split("\t")
    assert (empty, because, sql) == ("", "", "alter table note add check (id > 0)")
    assert words.startswith("blocks reads and writes of note, scans (1,000 rows, ")
    assert locks == "AccessExclusiveLock on public.note"
    assert did == "scans public.note"
    assert place == "alembic/versions/20260002_three.py:17"
    assert rows.split("\t")[:4] == ["", "rows", "check", "0 rows of note do not fit note_id_check"]
    assert "rehearsed on a copy without rows on the database's own server" in plan.stderr


def test_rows_of_a_partitioned_table_count_once(pending: Project) -> None:
    """Its lock is on its partitions, too."""
    pending.query(
        "create table parted (id integer) partition by range (id);"
        "create table part_1 partition of parted for values from (0) to (100);"
        "create table part_2 partition of parted for values from (100) to (1000);"
        "insert into parted select generate_series(1, 500); analyze parted"
    )
    pending.revision("three", "op.execute('alter table parted add x integer')")

    [statement] = _statements(pending.migrate("plan", "--json"))["three"]

    assert len(statement["locks"]) == 3
    assert statement["rows"] == 500


def test_lock_of_an_earlier_statement_counts_as_long_as_it_is_held(pending: Project) -> None:
    """Both are in one transaction, so the second one runs while everybody waits."""
    pending.revision(
        "three",
        "op.execute('alter table note add x integer')\nop.execute('update note set x = 1')",
    )

    first, second = _statements(pending.migrate("plan", "--json"))["three"]

    assert first["locks"] == [_lock("note", "AccessExclusiveLock")]
    assert _lock("note", "AccessExclusiveLock", held=True) in second["locks"]
    assert second["blocks"] == "reads and writes"


def test_sequence_and_index_of_a_table_are_no_tables_of_their_own(pending: Project) -> None:
    pending.query("create table log (id bigserial primary key)")
    pending.revision("three", "op.execute('drop table log')")

    [_, line, *_] = pending.migrate("plan").stdout.splitlines()

    words, locks = line.split("\t")[1:3]
    assert "blocks reads and writes of log" in words
    assert "seq" not in words
    assert "AccessExclusiveLock on public.log_id_seq" in locks


def test_statement_behind_a_setting_in_the_same_text_is_seen(pending: Project) -> None:
    pending.revision(
        "three", "op.execute(\"set lock_timeout = '2s'; alter table note add x integer\")"
    )

    [found] = _statements(pending.migrate("plan", "--json"))["three"]

    assert found["locks"] == [_lock("note", "AccessExclusiveLock")]


def test_lock_of_a_cursor_of_the_driver_is_told(pending: Project) -> None:
    """The statement itself is not seen."""
    pending.revision(
        "three",
        "op.get_bind().connection.cursor().execute('alter table note add x integer')",
    )

    [found] = _statements(pending.migrate("plan", "--json"))["three"]

    assert found["locks"] == [_lock("note", "AccessExclusiveLock")]
    assert (found["line"], found["sql"]) == (0, "(sent over the driver's own connection)")


def test_work_of_a_cursor_of_the_driver_is_told(pending: Project) -> None:
    sql = "create index x on note (id); alter table note add y uuid default gen_random_uuid()"
    pending.revision("three", f"op.get_bind().connection.cursor().execute({sql!r})")

    [found] = _statements(pending.migrate("plan", "--json"))["three"]

    assert found["scans"] == ["public.note"]
    assert "public.note" in found["rewrites"]


def test_table_of_the_plan_itself_is_nobodys(pending: Project) -> None:
    """Nobody uses it yet, whatever is done to it."""
    pending.revision("three", "op.execute('create table fresh (id integer)')")
    pending.revision("four", "op.execute('alter table fresh add check (id > 0)')")

    found = _statements(pending.migrate("plan", "--json"))

    assert [each["blocks"] for each in found["three"] + found["four"]] == ["nothing", "nothing"]


def test_sequence_that_starts_anew_is_no_table_that_is_written(pending: Project) -> None:
    pending.query("create sequence number")
    pending.revision("restarts", "op.execute('alter sequence number restart with 5')")

    [statement] = _statements(pending.migrate("plan", "--json"))["restarts"]

    assert statement["rewrites"] == []
    assert _lock("number", "ShareRowExclusiveLock") in statement["locks"]


def test_null_that_a_constraint_rules_out_needs_no_scan(pending: Project) -> None:
    pending.query("alter table note add check (body is not null)")
    pending.revision("three", "op.alter_column('note', 'body', nullable=False)")

    [found] = _statements(pending.migrate("plan", "--json"))["three"]

    assert found["scans"] == []
    assert "sufficient to prove" in found["because"]


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently note_body on note (body)",
        "drop index concurrently note_moment",
        "reindex index concurrently note_moment",
    ],
)
def test_concurrent_statement_is_seen_while_it_waits(pending: Project, statement: str) -> None:
    pending.revision(
        "three", f"with op.get_context().autocommit_block():\n    op.execute({statement!r})"
    )

    [found] = _statements(pending.migrate("plan", "--json"))["three"]

    assert _lock("note", "ShareUpdateExclusiveLock") in found["locks"]
    assert (found["blocks"], found["unseen"]) == ("nothing", None)
    assert found["scans"] == ([] if statement.startswith("drop") else ["public.note"])


def test_statement_of_an_autocommit_block_is_looked_at_by_itself(pending: Project) -> None:
    """What cannot run in a transaction is not seen, and says so."""
    pending.revision(
        "three",
        "with op.get_context().autocommit_block():\n"
        "    op.execute('alter table note add x integer')\n"
        "    op.execute('alter table note add y integer')\n"
        "    op.execute('do $$ begin commit; end $$')\n"
        "op.execute('create index on note (x)')",
    )

    found = _statements(pending.migrate("plan", "--json"))["three"]

    assert [each["locks"] for each in found] == [
        [_lock("note", "AccessExclusiveLock")],
        [_lock("note", "AccessExclusiveLock")],
        [],
        [_lock("note", "ShareLock")],
    ]
    assert [each["blocks"] for each in found][2] is None
    assert found[2]["unseen"] == "it cannot run in a transaction block"


@pytest.mark.parametrize(
    ("zone", "rewrites"), [("UTC", []), ("America/Bogota", ["public.note", "public.note_pkey"])]
)
def test_settings_of_the_database_hold_on_the_copy(
    pending: Project, zone: str, rewrites: list[str]
) -> None:
    """A time without a zone becomes one with a zone for nothing only where the zone is UTC."""
    [(name,)] = pending.query("select current_database()")
    pending.query(f"alter database \"{name}\" set timezone = '{zone}'")
    pending.revision(
        "three", "op.alter_column('note', 'moment', type_=sa.DateTime(timezone=True))"
    )

    [found] = _statements(pending.migrate("plan", "--json"))["three"]

    assert found["rewrites"] == rewrites


def test_way_back_is_rehearsed_too(pending: Project) -> None:
    plan = pending.migrate("plan", "-1", "--json")

    assert plan.json["rehearsed"], plan.json["why_not"]
    [found] = _statements(plan)["two"]
    assert _lock("note", "AccessExclusiveLock") in found["locks"]


@pytest.mark.parametrize(
    ("env", "driver"),
    [(foreign_envs.STOCK, "psycopg2"), (foreign_envs.ASYNC, "asyncpg")],
    ids=["stock", "asynchronous"],
)
def test_env_py_with_a_connection_of_its_own_is_rehearsed(
    pending: Project, env: str, driver: str
) -> None:
    """Also what it sends outside a transaction, and with another driver."""
    (pending.root / "alembic/env.py").write_text(env)
    url = pending.database_url.replace("postgresql://", f"postgresql+{driver}://")
    pending.revision("three", "op.execute('alter table note add x integer')")
    pending.revision(
        "four",
        "with op.get_context().autocommit_block():\n"
        "    op.execute('alter table note add y integer')\n"
        "    op.execute('create index concurrently note_body on note (body)')",
    )

    plan = pending.migrate("plan", "--json", DATABASE_URL=url)

    assert plan.json["rehearsed"], plan.json["why_not"]
    found = _statements(plan)
    assert [each["blocks"] for each in found["three"]] == ["reads and writes"]
    assert [each["blocks"] for each in found["four"]] == ["reads and writes", "nothing"]
    assert found["four"][1]["locks"] != []


def test_env_py_with_a_url_of_its_own_is_not_run(pending: Project) -> None:
    """It would lead to the real database."""
    pending.revision("three", "op.execute('alter table note add x integer')")
    env = foreign_envs.own_settings(
        pending.database_url.replace("postgresql://", "postgresql+psycopg2://")
    )
    (pending.root / "alembic/env.py").write_text(env)

    plan = pending.migrate("plan", "--json")

    assert (plan.exit_code, plan.json["rehearsed"]) == (0, False), plan.output
    assert "leads to another database than the copy" in plan.json["why_not"]
    assert pending.query("select count(*) from pg_attribute where attname = 'x'") == [(0,)]


def test_nothing_pending_is_not_rehearsed(pending: Project) -> None:
    plan = pending.migrate("plan", "--json")

    assert (plan.json["rehearsed"], plan.json["why_not"]) == (False, "nothing is pending")
    assert "copy_schema" not in [call.hook for call in plan.calls]


def test_no_hook_of_a_run_is_called(pending: Project) -> None:
    pending.revision("three", "op.execute('alter table note add x integer')")
    [before] = pending.query("select count(*) from migrator.run")

    plan = pending.migrate("plan")

    hooks = {call.hook for call in plan.calls}
    assert hooks.isdisjoint({"pre_migrate", "around_migrate", "pre_revision", "post_migrate"})
    assert "copy_schema" in hooks
    assert plan.events == ()
    assert pending.query("select count(*) from migrator.run") == [before]


def _statements(plan: Outcome) -> dict[str, list[dict[str, Any]]]:
    assert plan.exit_code == 0, plan.output
    found = json.loads(plan.stdout)
    return {each["revision"]: each["statements"] for each in found["revisions"]}


def _lock(table: str, mode: str, *, held: bool = False) -> dict[str, object]:
    return {"relation": f"public.{table}", "mode": mode, "held": held}
