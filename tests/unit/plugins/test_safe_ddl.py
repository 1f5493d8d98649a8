"""Rules of safe_ddl on statements that are made up: levels, settings, and what was not seen."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from pydantic import ValidationError

from plugins.safe_ddl import Config, Plugin
from plugins.safe_ddl.names import LEVELS
from sst.hooks import Change, ChangeKind, Finding, Level, Lock, Statement
from tests.support.rule_pages import PAGES

INDEX = Statement(
    "versions/one.py",
    12,
    "CREATE INDEX ix_orders_total ON orders (total)",
    locks=(Lock("public.orders", "ShareLock"),),
    scans=("public.orders",),
    bytes=5_000_000,
)
UNSEEN = Statement("versions/one.py", 12, "", unseen="it cannot run in a transaction block")


def found(statement: Statement, **settings: object) -> list[tuple[str, str]]:
    """Return rule and level of what a plugin with *settings* has against *statement*."""
    judged = Plugin(Config.model_validate(settings)).judge(statement)
    return [(each.rule, str(each.level)) for each in judged]


def only(statement: Statement) -> Finding:
    """Return the one finding on *statement*."""
    [finding] = Plugin(Config()).judge(statement)
    return finding


@pytest.mark.parametrize("level", ["error", "warning"])
def test_level_is_that_of_the_settings(level: str) -> None:
    assert found(INDEX, levels={"index-blocks-writes": level}) == [("index-blocks-writes", level)]


def test_rule_that_is_off_says_nothing() -> None:
    assert found(INDEX, levels={"index-blocks-writes": "off"}) == []


def test_unknown_rule_is_refused_with_the_names_that_are_near() -> None:
    with pytest.raises(ValidationError, match="did you mean index-blocks-writes"):
        Config(levels={"index_block_writes": "off"})


@pytest.mark.parametrize(("megabytes", "level"), [(6, "warning"), (5, "error"), (0, "error")])
def test_small_table_is_a_warning(megabytes: float, level: str) -> None:
    assert found(INDEX, small_table_mb=megabytes) == [("index-blocks-writes", level)]


def test_table_whose_size_is_not_known_is_not_small() -> None:
    assert found(replace(INDEX, bytes=None), small_table_mb=9) == [
        ("index-blocks-writes", "error")
    ]


def test_size_does_not_excuse_what_running_code_misses() -> None:
    change = Change(ChangeKind.DROP_TABLE, "public.orders")
    gone = Statement("f", 1, "DROP TABLE orders", changes=(change,), bytes=1)

    assert found(gone, small_table_mb=9) == [("table-dropped", "error")]


def test_index_on_a_new_table_blocks_nobody() -> None:
    assert found(replace(INDEX, locks=(), scans=())) == []


@pytest.mark.parametrize(
    ("sql", "rules"),
    [
        ("VACUUM FULL orders", ["vacuum-full-cluster"]),
        ("VACUUM orders", []),
        ("DO $$ BEGIN UPDATE orders SET total = 1; COMMIT; END $$", ["whole-table-write"]),
        ("DO $$ BEGIN UPDATE orders SET total = 1 WHERE id < 9; COMMIT; END $$", []),
        ("DO $$ BEGIN CREATE INDEX i ON orders (id); COMMIT; END $$", ["index-blocks-writes"]),
        ("DO $$ BEGIN DROP INDEX i; COMMIT; END $$", ["drop-index-blocks"]),
        ("CREATE INDEX CONCURRENTLY i ON orders (id)", []),
        ("DROP INDEX CONCURRENTLY i", []),
        ("REINDEX DATABASE shop", ["index-blocks-writes"]),
        ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)", ["foreign-key-scan"]),
        ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id) NOT VALID", []),
        (
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), DROP COLUMN b",
            ["check-scan", "column-dropped"],
        ),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", ["unique-scan"]),
        ("ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i", []),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", ["not-null-scan"]),
        ("ALTER TABLE t ALTER a TYPE bigint", ["type-rewrite"]),
        ("ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()", ["column-rewrite"]),
        ("ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now() NOT NULL", []),
        ("ALTER TABLE t ADD COLUMN a integer CHECK (a > 0)", ["column-check-scan"]),
        ("ALTER TABLE t RENAME a TO b", ["column-renamed"]),
        ("ALTER TABLE t RENAME TO u", ["table-renamed"]),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b", []),
        ("DROP TABLE t", ["table-dropped"]),
        ("TRUNCATE t", ["table-emptied"]),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = 1", []),
    ],
)
def test_statement_that_was_not_seen_is_judged_by_its_words(sql: str, rules: list[str]) -> None:
    findings = Plugin(Config()).judge(replace(UNSEEN, sql=sql))

    assert [each.rule for each in findings] == rules
    assert all("assumed" in each.what for each in findings)


@pytest.mark.parametrize("kind", ["", "UNLOGGED ", "TEMP ", "TEMPORARY "])
@pytest.mark.parametrize(
    "sql", ["UPDATE t SET a = 1", "DELETE FROM t", "TRUNCATE TABLE t", "DROP TABLE IF EXISTS t"]
)
def test_rows_of_a_table_that_was_made_before_are_nobodys_yet(kind: str, sql: str) -> None:
    made = replace(UNSEEN, sql=f"CREATE {kind}TABLE t (id bigint)")

    assert found(replace(UNSEEN, sql=sql, previous=made)) == []
    assert len(found(replace(UNSEEN, sql=sql.replace(" t", " other"), previous=made))) == 1


def test_table_that_was_made_before_is_nobodys_yet() -> None:
    made = replace(UNSEEN, sql="CREATE TABLE t (id bigint)")
    altered = replace(UNSEEN, sql="ALTER TABLE t ADD CHECK (id > 0)", previous=made)
    indexed = replace(UNSEEN, sql="CREATE INDEX i ON public.t (id)", previous=altered)

    assert found(altered) == []
    assert found(indexed) == []


def test_function_that_is_only_made_writes_nothing() -> None:
    body = "BEGIN UPDATE orders SET total = 1; RETURN NEW; END"
    sql = f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"

    assert found(Statement("f", 1, sql)) == []


def test_index_and_sequence_are_no_second_table() -> None:
    lock = Lock("public.orders", "AccessExclusiveLock")
    first = Statement("f", 1, "ALTER TABLE orders ADD COLUMN note text", locks=(lock,))
    others = (
        Lock("public.log", "AccessExclusiveLock"),
        Lock("public.log_id_seq", "AccessExclusiveLock", is_sequence=True),
        Lock("public.log_pkey", "AccessExclusiveLock", is_index=True),
    )
    second = Statement("f", 2, "DROP TABLE log", locks=others, previous=first)

    [finding] = Plugin(Config()).judge(second)

    assert finding.rule == "two-tables-locked"
    assert "it locks log while the transaction holds orders" in finding.what


@pytest.mark.parametrize(
    ("assigned", "has_code"),
    [
        ("note = 'new'", True),
        ("note = lower(status), total = 1", True),
        ("total = total + 1", False),
        ("note = upper(note)", False),
        ("note = gen_random_uuid()::text", False),
        ("changed_at = now()", False),
        ("changed_on = current_date", False),
        ("note = DEFAULT", False),
        ("note = (SELECT name FROM customers LIMIT 1)", False),
        ("(note, status) = ('a', 'b')", False),
    ],
)
def test_batches_are_offered_where_a_row_may_be_met_twice(assigned: str, has_code: bool) -> None:  # noqa: FBT001
    lock = Lock("public.orders", "RowExclusiveLock")
    sql = f"UPDATE orders SET {assigned}"  # noqa: S608 - text of a revision
    update = Statement("f", 1, sql, locks=(lock,))

    assert bool(only(update).instead) is has_code


def test_values_that_are_sent_beside_a_statement_are_in_no_code() -> None:
    lock = Lock("public.orders", "RowExclusiveLock")
    update = Statement("f", 1, "UPDATE orders SET note=%(note)s", locks=(lock,))

    assert only(update).instead == ""


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE orders SET a = b OR c", "AND a IS DISTINCT FROM (b OR c);"),
        (
            "UPDATE orders SET a = 1, b = lower(c)",
            "AND (a IS DISTINCT FROM 1 OR b IS DISTINCT FROM (lower(c)))",
        ),
        ("DELETE FROM ONLY orders", "DELETE FROM orders\n"),
    ],
)
def test_batches_write_what_the_statement_writes(sql: str, words: str) -> None:
    lock = Lock("public.orders", "RowExclusiveLock")

    assert words in only(Statement("f", 1, sql, locks=(lock,))).instead


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE orders o SET a = o.b",
        "UPDATE orders SET a = p.a FROM p",
        "DELETE FROM orders USING p",
    ],
)
def test_what_does_not_fit_into_batches_has_no_code(sql: str) -> None:
    lock = Lock("public.orders", "RowExclusiveLock")

    assert only(Statement("f", 1, sql, locks=(lock,))).instead == ""


def test_tables_that_one_statement_locks_are_not_two() -> None:
    """A foreign key locks both of its tables; a stronger lock on one of them is no more."""
    both = (Lock("public.a", "ShareRowExclusiveLock"), Lock("public.b", "ShareRowExclusiveLock"))
    key = Statement("f", 1, "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b NOT VALID", both)
    locks = (Lock("public.a", "AccessExclusiveLock"), replace(both[1], is_held=True))
    column = Statement("f", 2, "ALTER TABLE a ADD c integer", locks, previous=key)
    third = (*(replace(each, is_held=True) for each in locks), Lock("public.c", "ShareLock"))

    assert found(key) == []
    assert found(column) == []
    assert found(Statement("f", 3, "LOCK TABLE c IN SHARE MODE", third, previous=column)) == [
        ("two-tables-locked", "error")
    ]


def test_long_statement_is_judged_by_what_it_did() -> None:
    long = replace(INDEX, sql="CREATE INDEX i ON orders (total) " + "x" * 100_000)

    assert found(long) == [("scan-under-lock", "error")]


def test_names_are_quoted_where_they_have_to_be() -> None:
    table = 'shop."Order ""x"""'
    change = Change(ChangeKind.ADD_CHECK, table, "Ck", ("A",), 'CHECK (("A" > 0))')
    lock = Lock(table, "AccessExclusiveLock")
    add = Statement("f", 1, "select f()", locks=(lock,), scans=(table,), changes=(change,))

    code = only(add).instead

    assert '"Order \\"x\\""' in code
    assert 'schema="shop"' in code
    assert 'ALTER TABLE shop.\\"Order \\"\\"x\\"\\"\\" VALIDATE CONSTRAINT \\"Ck\\"' in code
    compile(code, "revision", "exec")


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("ALTER TABLE t ADD COLUMN d json", "json-column"),
        ("CREATE TABLE t (id serial PRIMARY KEY)", "int-primary-key"),
        ("CREATE TYPE mood AS ENUM ('a')", "enum-order"),
        ("CREATE TABLE t (at timestamp without time zone)", "timestamp-without-zone"),
        ("CREATE TABLE t (id bigint PRIMARY KEY, d jsonb, at timestamp with time zone)", None),
    ],
)
def test_rules_of_taste_speak_when_they_are_asked_for(sql: str, rule: str | None) -> None:
    statement = Statement("f", 1, sql)

    assert found(statement) == []
    assert found(statement, style=True) == ([(rule, "warning")] if rule else [])
    if rule:
        assert found(statement, levels={rule: "error"}) == [(rule, "error")]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    listed = re.findall(r"^\| \[([\w-]+)\]", (PAGES / "README.md").read_text(), re.MULTILINE)

    assert pages == set(LEVELS)
    assert sorted(listed) == sorted(LEVELS)


def test_every_level_is_one() -> None:
    assert set(LEVELS.values()) == set(Level)
