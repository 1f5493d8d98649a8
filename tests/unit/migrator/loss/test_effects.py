"""What a statement takes away, read from its text."""

from __future__ import annotations

import pytest

from sst.db.sql_tokens import statements
from sst.migrator.loss.effect import Effect, Rename, Unknown
from sst.migrator.loss.effects import effects

_BLOCK = """
    DO $$
    DECLARE last_id bigint := (SELECT max(id) FROM a);
    BEGIN
        LOOP
            EXIT WHEN last_id IS NULL;
            UPDATE a SET is_closed = true WHERE id <= last_id;
            COMMIT;
        END LOOP;
        IF EXISTS (SELECT FROM pg_class WHERE relname = 'b') THEN DROP TABLE b; END IF;
        FOR each IN DELETE FROM c RETURNING id LOOP RAISE NOTICE '%', each; END LOOP;
        CREATE TRIGGER t AFTER UPDATE ON a EXECUTE FUNCTION f();
    EXCEPTION WHEN others THEN NULL;
    END
    $$
"""
_ATOMIC = """
    CREATE FUNCTION f() RETURNS int BEGIN ATOMIC
        SELECT CASE WHEN true THEN 1 END; DELETE FROM a;
    END;
    DROP TABLE b
"""


def read(sql: str) -> list[object]:
    """Return the effects of all statements in *sql*."""
    return [found for statement in statements(sql) for found in effects(statement)]


def short(sql: str) -> list[str]:
    """Return each effect as `VERB KIND NAME`."""
    return [
        " ".join(
            [each.verb, each.kind, ".".join([*each.name, *([each.column] if each.column else [])])]
        )
        for each in read(sql)
        if isinstance(each, Effect)
    ]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("DROP TABLE incidents", ["drops table incidents"]),
        ("drop table if exists a.b cascade", ["drops table a.b"]),
        (
            'DROP TABLE "My ""odd"" Table", public.Sites',
            ['drops table My "odd" Table', "drops table public.sites"],
        ),
        ("DROP TABLE a, b RESTRICT", ["drops table a", "drops table b"]),
        ("DROP MATERIALIZED VIEW totals", ["drops materialized view totals"]),
        ("DROP FOREIGN TABLE far", ["drops foreign table far"]),
        ("DROP INDEX CONCURRENTLY IF EXISTS public.ix", ["drops index public.ix"]),
        ("DROP SCHEMA audit CASCADE", ["drops schema audit"]),
        ("DROP TYPE status; DROP SEQUENCE s", ["drops type status", "drops sequence s"]),
        ("DROP FUNCTION f(integer, numeric(4, 2)), g()", ["drops function f", "drops function g"]),
        ("DROP TRIGGER t ON public.sites", ["drops trigger public.sites.t"]),
        ("ALTER TABLE a DROP COLUMN b", ["drops column a.b"]),
        (
            'ALTER TABLE IF EXISTS ONLY s.a DROP b CASCADE, DROP COLUMN IF EXISTS "C d"',
            ["drops column s.a.b", "drops column s.a.C d"],
        ),
        (
            "ALTER TABLE a DROP CONSTRAINT k, DROP COLUMN b",
            ["drops constraint a.k", "drops column a.b"],
        ),
        ("ALTER TABLE a ALTER COLUMN b DROP NOT NULL, ALTER c DROP DEFAULT", []),
        (
            "ALTER TABLE a ALTER b TYPE numeric(4, 2), ADD COLUMN c int",
            ["changes the type of column a.b"],
        ),
        ("TRUNCATE TABLE ONLY a, b.c CASCADE", ["empties table a", "empties table b.c"]),
        ("DELETE FROM sites", ["deletes all rows of table sites"]),
        ("DELETE FROM ONLY sites s WHERE id > 3", ["deletes some rows of table sites"]),
        (
            "WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone",
            ["deletes all rows of table a"],
        ),
        ("DO LANGUAGE plpgsql 'BEGIN DELETE FROM a; END'", ["deletes all rows of table a"]),
        (_BLOCK, ["changes rows of table a", "drops table b", "deletes all rows of table c"]),
        ("UPDATE a.b SET c = 1", ["changes rows of table a.b"]),
        ("INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 1", []),
        ("SELECT * FROM a FOR UPDATE", []),
        ("CREATE TABLE a (id int)", []),
        ("COMMENT ON TABLE a IS 'DROP TABLE b; DROP TABLE c'", []),
        (
            "-- DROP TABLE b;\n/* DROP TABLE c; /* nested */ DROP TABLE d; */ DROP TABLE e",
            ["drops table e"],
        ),
        ("SELECT E'it\\'s; DROP TABLE a'; SELECT 'it''s; DROP TABLE a'", []),
        ("CREATE FUNCTION f() RETURNS void AS $x$ DROP TABLE a; $x$ LANGUAGE sql", []),
        (
            _ATOMIC,
            ["drops table b"],
        ),
    ],
)
def test_statement_takes_away_what_it_names(sql: str, found: list[str]) -> None:
    assert short(sql) == found


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$", "text as SQL"),
        ("DO $$ BEGIN FOR a IN EXECUTE 'DELETE FROM b' LOOP END LOOP; END $$", "text as SQL"),
        ("DO LANGUAGE plpython3u $$plpy.execute('DROP TABLE a')$$", "in plpython3u is not read"),
        ("DO $$ BEGIN PERFORM tidy_up(); END $$", "function tidy_up"),
        ("CALL tidy_up(3)", "procedure tidy_up"),
        ("SELECT public.drop_chunks('a')", "function public.drop_chunks"),
        ("SET LOCAL search_path TO tenant_a", "search_path"),
        ("SELECT pg_catalog.set_config('search_path', '', false)", "search_path"),
        ("DROP OWNED BY somebody", "owned by"),
        ("ALTER SCHEMA a RENAME TO b", "schema a"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_unknown(sql: str, why: str) -> None:
    found, *_ = read(sql)

    assert isinstance(found, Unknown)
    assert why in found.why


@pytest.mark.parametrize("sql", ["SET lock_timeout = 3", "SELECT 1", "SELECT a FROM b", ""])
def test_harmless_statement_takes_nothing_away(sql: str) -> None:
    assert read(sql) == []


def test_cascade_is_seen_where_it_is_written() -> None:
    found = read("DROP TABLE a CASCADE; DROP TABLE b; ALTER TABLE c DROP d CASCADE, DROP e")

    assert [each.cascade for each in found if isinstance(each, Effect)] == [
        *(True, False),
        *(True, False),
    ]


def test_new_name_is_told_apart_from_a_drop() -> None:
    found = read(
        "ALTER TABLE s.a RENAME TO b; ALTER TABLE a RENAME COLUMN c TO d;"
        "ALTER TABLE a SET SCHEMA t; ALTER TABLE a RENAME CONSTRAINT k TO l"
    )

    assert found == [
        Rename(("s", "a"), ("s", "b")),
        Rename(("a",), ("a",), "c", "d"),
        Rename(("a",), ("t", "a")),
    ]


@pytest.mark.parametrize(
    "sql",
    ["DROP", "DROP TABLE", "ALTER TABLE", "TRUNCATE", "DELETE FROM", "/* open", "'open", '"open'],
)
def test_text_that_is_cut_off_is_read_to_its_end(sql: str) -> None:
    assert all(each is not None for each in read(sql))


def test_statement_that_ends_anywhere_is_read_without_an_error() -> None:
    whole = (
        "ALTER TABLE IF EXISTS ONLY a.b RENAME COLUMN c TO d, DROP COLUMN IF EXISTS e CASCADE;"
        "ALTER TABLE a ALTER COLUMN b SET DATA TYPE text; ALTER TABLE a SET SCHEMA b;"
        "ALTER TYPE a DROP ATTRIBUTE IF EXISTS b CASCADE; ALTER SCHEMA a RENAME TO b;"
        "DROP TRIGGER IF EXISTS a ON b.c; DROP TABLE a, b CASCADE; TRUNCATE TABLE ONLY a CASCADE;"
        "WITH a AS (DELETE FROM ONLY b WHERE c) UPDATE ONLY d SET e = 1; MERGE INTO ONLY a;"
        "SELECT a.b(1, (2)); CALL a.b(); SET LOCAL search_path TO a; DO LANGUAGE a $$b$$"
    )

    for statement in statements(whole):
        for end in range(1, len(statement) + 1):
            for start in range(end):
                list(effects(statement[start:end]))
