"""The restore of one schema: that one as it was, and no other touched, or nothing."""

from __future__ import annotations

import signal
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.extensions import require_extension
from tests.support.forks import wait_until
from tests.support.server import connect
from tests.support.tenants import (
    HOSTILE,
    created,
    make_tenants,
    migrated_tenants,
    quoted,
    tables_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.testing import Outcome
    from tests.support.project import Project

TENANTS = ("acme", "other")
TWO = "op.execute('delete from note; create table two (id int)')"
BEFORE = "select nspname::text from pg_namespace where nspname ~ '_before_' order by 1"
OUTCOMES = """
    select command, outcome from migrator.run where schema_name = 'acme' order by started_at
"""


@pytest.fixture
def tenants(kept: Project) -> Project:
    """Return a project with two tenants, `acme` and `other`, at the revision `one`."""
    return migrated_tenants(kept, TENANTS)


@pytest.fixture
def moved(tenants: Project) -> Project:
    """Return it with `acme` at `two`, which has lost its rows, and their backup before that."""
    tenants.revision("two", TWO)
    done = tenants.migrate("upgrade", "--target", "t0")
    assert done.exit_code == 0, done.output
    return tenants


def restored(project: Project, *words: str, target: str = "t0", name: str = "acme") -> Outcome:
    """Return the outcome of `restore` of that target."""
    words = words or ("latest",)
    return project.migrate("restore", *words, "--target", target, "--confirm", name, "--json")


@pytest.mark.external
def test_schema_is_as_it_was_and_others_are_not_touched(moved: Project) -> None:
    moved.query("insert into other.note values (1000, 'written since')")

    result = restored(moved)

    assert result.exit_code == 0, result.output
    assert tables_of(moved, "acme") == {"note", "alembic_version"}
    assert moved.query("select count(*), sum(length(body)) from acme.note") == [(50, 1275)]
    assert moved.query("table acme.alembic_version") == [("one",)]
    assert moved.query("select count(*) from other.note") == [(51,)]
    [(old,)] = moved.query(BEFORE)
    assert result.json["data"]["kept_as"] == old
    assert tables_of(moved, old) == {"note", "alembic_version", "two"}


def test_restore_is_on_record_of_that_tenant_alone(moved: Project) -> None:
    restored(moved)

    runs = moved.query(OUTCOMES)
    checks = [moved.migrate("check", "--target", each, "--json") for each in ("t0", "t1")]
    again = moved.migrate("upgrade", "--all", "--json", "--parallel", "1")

    assert runs[-1] == ("restore", "succeeded")
    # Both are behind by one revision, and nothing else is said of them.
    assert [each.exit_code for each in checks] == [3, 3]
    assert "checksum" not in checks[0].output
    assert again.exit_code == 0, again.output
    assert moved.query("table acme.alembic_version") == [("two",)]


def test_undo_puts_the_replaced_schema_back(moved: Project) -> None:
    restored(moved)

    result = restored(moved, "--undo")

    assert result.exit_code == 0, result.output
    assert moved.query("table acme.alembic_version") == [("two",)]
    assert moved.query("select count(*) from acme.note") == [(0,)]
    comment = "select obj_description('acme'::regnamespace, 'pg_namespace')"
    assert moved.query(comment) == [(None,)]
    assert len(moved.query(BEFORE)) == 1
    assert restored(moved, "--undo").exit_code == 0
    assert moved.query("table acme.alembic_version") == [("one",)]


def test_undo_without_a_restore_is_refused(moved: Project) -> None:
    result = restored(moved, "--undo")

    assert (result.exit_code, result.json["error"]["code"]) == (5, "nothing_kept")


def test_replaced_schema_is_no_target_and_pruned_in_time(moved: Project) -> None:
    restored(moved)
    moved.settings["migrate.targets.schemas"] = ["acme*"]
    moved.settings["migrate.targets.list"] = []
    targets = moved.migrate("targets", "list", "--json")
    kept_schemas = moved.migrate("backup", "prune", "--target", "acme", "--json")
    moved.settings["plugins.backup.keep_replaced_days"] = 0
    pruned = moved.migrate("backup", "prune", "--target", "acme", "--json")

    assert [each["name"] for each in targets.json["targets"]] == ["acme"]
    assert len(kept_schemas.json["data"]["kept_schemas"]) == 1
    assert len(pruned.json["data"]["replaced_schemas"]) == 1
    assert moved.query(BEFORE) == []
    assert tables_of(moved, "acme") == {"note", "alembic_version"}


def test_schema_with_such_a_name_and_no_mark_is_left_alone(moved: Project) -> None:
    moved.query("create schema acme_before_20200101t000000z; create table x (id int)")
    moved.query('create schema "acme_before_20200101T000000Z"')
    moved.settings["plugins.backup.keep_replaced_days"] = 0

    result = moved.migrate("backup", "prune", "--target", "t0", "--json")

    assert result.json["data"]["left_schemas"] == ["acme_before_20200101T000000Z"]
    assert "without our mark" in moved.migrate("backup", "prune", "--target", "t0").output
    assert len(moved.query(BEFORE)) == 2


def test_old_schema_is_dropped_at_once_when_asked(moved: Project) -> None:
    result = restored(moved, "latest", "--drop-old")

    assert (result.exit_code, result.json["data"]["kept_as"]) == (0, None)
    assert moved.query(BEFORE) == []


@pytest.mark.external
@pytest.mark.parametrize("form", ["custom", "directory"])
def test_schema_of_a_hostile_name_and_content_is_restored(kept: Project, form: str) -> None:
    kept.settings["plugins.backup.format"] = form
    make_tenants(kept, HOSTILE)
    for schema in HOSTILE:
        kept.query("; ".join(["set search_path = " + quoted(schema), AWKWARD]))
    before = [contents(kept, schema) for schema in HOSTILE]
    backups = [created(kept, f"t{number}") for number in range(len(HOSTILE))]
    assert all(backups)
    for schema in HOSTILE:
        kept.query(f'truncate {quoted(schema)}."ta""ble"')

    outcomes = [
        restored(kept, target=f"t{number}", name=schema) for number, schema in enumerate(HOSTILE)
    ]

    assert [each.exit_code for each in outcomes] == [0] * len(HOSTILE), outcomes
    assert [contents(kept, schema) for schema in HOSTILE] == before


AWKWARD = r"""
    create table "ta""ble" (id serial primary key, "o'col; FROM stdin;" text, raw bytea);
    insert into "ta""ble" ("o'col; FROM stdin;", raw) values
        ('\.', '\x00ff0a'), (E'\\.\n\\.', null), (null, ''), (E'a\tb\r\n', '\x5c2e0a'),
        ('COPY x FROM stdin;', null), (E'\\N', null);
    create index on "ta""ble" (lower("o'col; FROM stdin;"));
    create view v as select count(*) from "ta""ble";
    create materialized view m as select * from "ta""ble";
    create function f() returns trigger language plpgsql as $$ begin
    -- '"; SET transaction_timeout = 0;
    return new; end $$;
    create trigger t before insert on "ta""ble" for each row execute function f();
    create table p (id int) partition by range (id);
    create table p1 partition of p for values from (0) to (9); insert into p values (3);
    comment on table p is E'a\n\\unrestrict x'
"""


CONTENTS = """
    select (select jsonb_agg(t order by id) from "ta""ble" t),
        (select jsonb_agg(m order by id) from m), (select jsonb_agg(p1) from p1),
        (select last_value from "ta""ble_id_seq"), obj_description('p'::regclass)
"""


def contents(project: Project, schema: str) -> list[tuple[object, ...]]:
    """Return the rows of the table, the view and the partition, a sequence and a comment."""
    return project.query(f"set search_path = {quoted(schema)}; {CONTENTS}")


def test_what_depends_on_the_schema_is_named_before_anything_is_touched(moved: Project) -> None:
    moved.query("create view public.of_all as select id from acme.note")
    moved.query("create table other.child (id int references acme.note)")

    result = restored(moved)

    assert (result.exit_code, result.json["error"]["code"]) == (5, "cannot_swap")
    message = result.json["error"]["message"]
    assert "view public.of_all" in message
    assert "child_id_fkey" in message
    assert moved.query("table acme.alembic_version") == [("two",)]
    assert moved.query(BEFORE) == []


NEEDED = """
    create extension citext schema public;
    create table public.country (code text primary key); insert into public.country values ('ES');
    create table acme.person (
        mail public.citext primary key, code text references public.country);
    insert into acme.person values ('A@b', 'ES')
"""


@pytest.mark.external
def test_needs_of_the_schema_are_found_where_they_are(tenants: Project) -> None:
    require_extension(tenants, "citext")
    tenants.query(NEEDED)
    created(tenants, "t0")
    tenants.query("delete from acme.person")

    result = restored(tenants)

    assert result.exit_code == 0, result.output
    assert tenants.query("select code from acme.person where mail = 'a@B'") == [("ES",)]
    with pytest.raises(Exception, match="foreign key"):
        tenants.query("insert into acme.person values ('x', 'XX')")


COUNTRY = """
    create table public.country (code text primary key);
    create table acme.p (code text references public.country);
"""


def test_failed_restore_leaves_all_as_it_was(moved: Project) -> None:
    """A row that the schema needs is gone: the constraint fails at the very end."""
    moved.query(COUNTRY)
    moved.query("insert into public.country values ('ES'); insert into acme.p values ('ES')")
    created(moved, "t0")
    moved.query("delete from acme.p; delete from public.country")

    result = restored(moved)

    assert result.exit_code == 5
    assert "is as it was" in result.json["error"]["message"]
    assert moved.query("select count(*) from acme.p") == [(0,)]
    assert moved.query(BEFORE) == []
    assert moved.query(OUTCOMES)[-1] == ("restore", "refused")


def test_killed_restore_leaves_the_old_schema_whole(moved: Project) -> None:
    """It waits for a lock within the transaction, when the new schema is there and filled."""
    moved.query(COUNTRY)
    moved.settings["plugins.backup.swap_timeout_seconds"] = 600
    created(moved, "t0")
    moved.query("insert into acme.note values (7, 'since')")
    with held(moved, "lock table public.country in row exclusive mode"):
        run = moved.start("restore", "latest", "--target", "t0", "--confirm", "acme")
        wait_until(lambda: moved.query(WAITING) != [], "the restore waits for that lock", 60)
        seen_meanwhile = moved.query("select body from acme.note")
        run.signal(signal.SIGKILL)
        run.finish()
    wait_until(lambda: moved.query(OURS) == [], "its sessions are gone", 60)

    after = moved.query("select body from acme.note")
    again = restored(moved)

    assert seen_meanwhile == after == [("since",)]
    assert moved.query("select count(*) from acme.note") == [(0,)]
    assert again.exit_code == 0, again.output
    assert len(moved.query(BEFORE)) == 1
    assert moved.query("select from migrator.run where outcome = 'running'") == []


WAITING = """
    select from pg_stat_activity where application_name = 'sst-backup' and wait_event_type = 'Lock'
    and datname = current_database()
"""
OURS = """
    select from pg_stat_activity where application_name ~ '^sst' and datname = current_database()
"""


def test_foreign_key_gives_up_before_others_wait_long_behind_it(moved: Project) -> None:
    moved.query(COUNTRY)
    created(moved, "t0")
    moved.settings["plugins.backup.swap_timeout_seconds"] = 0.1

    with held(moved, "lock table public.country in row exclusive mode"):
        result = restored(moved)

    assert result.exit_code == 5
    assert "lock timeout" in result.json["error"]["message"]
    assert moved.query("table acme.alembic_version") == [("two",)]


def test_functions_find_what_they_name_in_the_search_path(moved: Project) -> None:
    moved.query(UNQUALIFIED)
    created(moved, "t0")

    without, with_path = restored(moved), restored(moved, "latest", "--search-path", "acme")

    assert without.exit_code == 5
    assert with_path.exit_code == 0, with_path.output
    assert moved.query("select m from acme.t") == [(1,)]
    paths = "select distinct proconfig from pg_proc where proname in ('once', 'twice')"
    assert moved.query(paths) == [(None,)]


UNQUALIFIED = """
    create function acme.once(int) returns int language sql immutable as 'select $1';
    set search_path = acme;
    create function acme.twice(int) returns int language sql immutable as 'select once($1)';
    create table acme.t (n int, m int generated always as (acme.twice(n)) stored);
    insert into acme.t values (1)
"""


@contextmanager
def held(project: Project, statement: str) -> Iterator[None]:
    """Hold the lock of *statement* for the body."""
    with closing(connect(project.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"begin; {statement}")
        yield


def test_other_tenant_runs_meanwhile(moved: Project) -> None:
    moved.query(COUNTRY)
    moved.settings["plugins.backup.swap_timeout_seconds"] = 600
    created(moved, "t0")
    with held(moved, "lock table public.country in row exclusive mode"):
        run = moved.start("restore", "latest", "--target", "t0", "--confirm", "acme")
        wait_until(lambda: moved.query(WAITING) != [], "the restore waits for that lock", 60)
        other = moved.migrate("upgrade", "--target", "t1", "--no-plugin", "backup")
        same = moved.migrate("upgrade", "--target", "t0", "--lock-wait", "0", "--json")
    end = run.finish()

    assert other.exit_code == 0, other.output
    assert (same.exit_code, same.json["error"]["code"]) == (75, "lock_busy")
    assert end.exit_code == 0, end.output
    assert moved.query("table other.alembic_version") == [("two",)]


def test_failed_run_takes_its_own_tenant_back(tenants: Project) -> None:
    tenants.revision("two", "op.execute('delete from note')")
    tenants.revision("three", "op.execute('select 1/0')")
    tenants.settings["migrate.on_failure"] = "restore"
    tenants.query("delete from other.note where id > 10")

    result = tenants.migrate("upgrade", "--target", "t0", "--json")

    assert result.exit_code == 1
    assert tenants.query("select count(*) from acme.note") == [(50,)]
    assert tenants.query("select count(*) from other.note") == [(10,)]
    assert tenants.query("table acme.alembic_version") == [("one",)]


def test_backup_of_another_subject_is_refused(moved: Project) -> None:
    whole = moved.migrate("backup", "create", "--json").json["backup"]["id"]
    other = created(moved, "t1")["backup"]["id"]

    outcomes = [restored(moved, whole), restored(moved, other)]

    assert [(each.exit_code, each.json["error"]["code"]) for each in outcomes] == [
        (5, "backup_of_another_subject")
    ] * 2
    assert "without --target" in outcomes[0].json["error"]["hint"]


def test_confirmation_is_the_name_of_the_schema(moved: Project) -> None:
    result = restored(moved, name="other")
    asked = moved.migrate("restore", "latest", "--target", "t0")

    assert (result.exit_code, result.json["error"]["code"]) == (5, "confirmation_required")
    assert "--confirm acme" in asked.output
    assert "acme_before_TIME" in asked.output
    assert moved.query(BEFORE) == []


def test_template_is_wrong_usage_for_one_schema(moved: Project) -> None:
    assert restored(moved, "latest", "--template", "template1").exit_code == 2
