"""A revision for each rule of safe_ddl that breaks it, on tables of its own.

`{t}` is the name of a table with rows, `{p}` that of the one that it refers to; the pages call
them `orders` and `customers`.
"""

from __future__ import annotations

from dataclasses import dataclass

SETUP = """
CREATE TABLE {p} (id bigint PRIMARY KEY, email text);
CREATE TABLE {t} (id bigint PRIMARY KEY, customer_id bigint, number integer, total integer,
    status varchar(20), note text);
INSERT INTO {p} SELECT i, 'mail' FROM generate_series(1, 1000) i;
INSERT INTO {t} SELECT i, i, i, i, 'open', 'note' FROM generate_series(1, 1000) i;
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A revision that breaks *rule*."""

    rule: str
    code: str
    setup: str = ""
    before: str = ""
    """What the revision does before; the safe way has it in a revision of its own."""
    has_code: bool = True
    """Whether the rule offers code that can be run."""
    same_schema: bool = True
    """Whether that ends with the same schema."""
    is_shown: bool = True
    """Whether the page of the rule shows it."""


EXAMPLES = (
    Example(
        "index-blocks-writes", 'op.create_index("ix_{t}_customer_id", "{t}", ["customer_id"])'
    ),
    Example(
        "index-blocks-writes",
        "op.execute(\"CREATE UNIQUE INDEX u_{t} ON {t} (lower(note), id) WHERE note <> ': y'\")",
        is_shown=False,
    ),
    Example("index-blocks-writes", 'op.execute("REINDEX TABLE {t}")', is_shown=False),
    Example(
        "drop-index-blocks",
        'op.drop_index("ix_{t}_total", "{t}")',
        "CREATE INDEX ix_{t}_total ON {t} (total);",
    ),
    Example(
        "drop-index-blocks",
        'op.drop_index("ix_{t}_d")',
        "CREATE TABLE {t}_d (d date) PARTITION BY RANGE (d);"
        " CREATE TABLE {t}_d1 PARTITION OF {t}_d DEFAULT; CREATE INDEX ix_{t}_d ON {t}_d (d);",
        has_code=False,
        is_shown=False,
    ),
    Example(
        "foreign-key-scan",
        'op.create_foreign_key("fk_{t}_customer_id", "{t}", "{p}", ["customer_id"], ["id"])',
    ),
    Example(
        "foreign-key-scan",
        'op.create_foreign_key("fk_{t}_c", "{t}", "{p}", ["customer_id"], ["id"],'
        ' ondelete="CASCADE")',
        is_shown=False,
    ),
    Example("check-scan", 'op.create_check_constraint("ck_{t}_total", "{t}", "total >= 0")'),
    Example(
        "check-scan",
        "op.create_check_constraint('ck_{t}_s', '{t}', \"status <> ' \\\\:new'\")",
        is_shown=False,
    ),
    Example(
        "column-check-scan",
        'op.execute("ALTER TABLE {t} ADD COLUMN discount integer CHECK (discount >= 0)")',
    ),
    Example("unique-scan", 'op.create_unique_constraint("uq_{t}_number", "{t}", ["number"])'),
    Example(
        "unique-scan",
        'op.create_primary_key("pk_{t}_new", "{t}", ["number"])',
        "ALTER TABLE {t} DROP CONSTRAINT {t}_pkey;",
        is_shown=False,
    ),
    Example(
        "unique-scan", 'op.execute("ALTER TABLE {t} ADD COLUMN x integer UNIQUE")', is_shown=False
    ),
    Example(
        "unique-scan",
        'op.add_column("{t}", sa.Column("x", sa.Integer, unique=True))',
        is_shown=False,
    ),
    Example(
        "unique-scan",
        'op.execute("ALTER TABLE {t} ADD EXCLUDE (number WITH =)")',
        has_code=False,
        is_shown=False,
    ),
    Example("not-null-scan", 'op.alter_column("{t}", "customer_id", nullable=False)'),
    Example(
        "type-rewrite",
        'op.alter_column("{t}_w", "group", type_=sa.String(5))',
        'CREATE TABLE {t}_w ("group" varchar(9));',
        same_schema=False,
        is_shown=False,
    ),
    Example(
        "column-rewrite",
        'op.execute("ALTER TABLE of_{t}.one ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY")',
        "CREATE SCHEMA of_{t}; CREATE TABLE of_{t}.one (a integer);",
        same_schema=False,
        is_shown=False,
    ),
    Example(
        "column-rewrite",
        'op.add_column(\n    "{t}",\n    sa.Column("token", sa.Uuid,'
        ' server_default=sa.text("gen_random_uuid()"), nullable=False),\n)',
    ),
    Example(
        "not-null-scan",
        'op.alter_column("{t}_parts", "user", nullable=False)',
        'CREATE TABLE {t}_parts (year integer, "user" integer) PARTITION BY RANGE (year);'
        " CREATE TABLE {t}_2026 PARTITION OF {t}_parts FOR VALUES FROM (2026) TO (2027);",
        same_schema=False,
        is_shown=False,
    ),
    Example(
        "index-blocks-writes",
        'op.execute("CREATE INDEX ON {t} (lower(note))")',
        is_shown=False,
    ),
    Example(
        "column-rewrite",
        'op.add_column("{t}", sa.Column("twice", sa.Integer, sa.Computed("total * 2",'
        " persisted=True)))",
        same_schema=False,
        is_shown=False,
    ),
    Example(
        "column-rewrite",
        'op.add_column("{t}", sa.Column("row", sa.BigInteger, sa.Identity()))',
        is_shown=False,
    ),
    Example(
        "column-rewrite", 'op.execute("ALTER TABLE {t} ADD COLUMN row serial")', is_shown=False
    ),
    Example(
        "type-rewrite",
        'op.alter_column("{t}", "total", type_=sa.BigInteger)',
        same_schema=False,
    ),
    Example(
        "type-rewrite",
        'op.alter_column("{t}", "note", type_=sa.String(100))',
        same_schema=False,
        is_shown=False,
    ),
    Example(
        "type-rewrite",
        'op.execute("ALTER TABLE {t} ALTER note TYPE integer USING length(note)")',
        same_schema=False,
        is_shown=False,
    ),
    Example(
        "type-rewrite",
        "op.execute('ALTER TABLE {t}_a ALTER \"a$$b\" TYPE json USING page::json')",
        'CREATE TABLE {t}_a ("a$$b" text, page text); INSERT INTO {t}_a'
        " SELECT '1', '1' FROM generate_series(1, 1000);",
        same_schema=False,
        is_shown=False,
    ),
    Example("column-dropped", 'op.drop_column("{t}", "note")', has_code=False),
    Example(
        "column-renamed",
        'op.alter_column("{t}", "note", new_column_name="remark")',
        has_code=False,
    ),
    Example("table-dropped", 'op.drop_table("{t}")', has_code=False),
    Example("table-renamed", 'op.rename_table("{t}", "{t}_new")', has_code=False),
    Example("table-emptied", 'op.execute("TRUNCATE {t}")', has_code=False),
    Example("whole-table-write", "op.execute(\"UPDATE {t} SET status = 'new'\")"),
    Example("whole-table-write", 'op.execute("DELETE FROM {t}")', is_shown=False),
    Example(
        "whole-table-write",
        "op.execute(\"UPDATE {t}_j SET data = '{}', shape = '(1,1),(0,0)'::box,"
        ' page = 1, pages = 2, a$$b = batch + written + pass")',
        "CREATE TABLE {t}_j (data json, shape box, page integer, pages integer, batch integer,"
        " written integer, pass integer, a$$b bigint); INSERT INTO {t}_j"
        " SELECT '[]', '(1,1),(0,0)', i, i, i, i, i, i FROM generate_series(1, 1000) i;",
        is_shown=False,
    ),
    Example(
        "new-table-locks-parent",
        'op.create_table(\n    "{t}_lines",\n'
        '    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),\n'
        '    sa.Column("order_id", sa.BigInteger, sa.ForeignKey("{t}.id"), nullable=False),\n)',
    ),
    Example(
        "partition-locks-parent",
        'op.execute(\n    "CREATE TABLE {t}_2027 PARTITION OF {t}_by_year"'
        '\n    " FOR VALUES FROM (2027) TO (2028)"\n)',
        "CREATE TABLE {t}_by_year (year integer NOT NULL, total integer, CHECK (total > 0))"
        " PARTITION BY RANGE (year); CREATE INDEX ON {t}_by_year (total);",
    ),
    Example(
        "partition-locks-parent",
        'op.execute("ALTER TABLE {t}_by_year DETACH PARTITION {t}_2026")',
        "CREATE TABLE {t}_by_year (year integer) PARTITION BY RANGE (year);"
        " CREATE TABLE {t}_2026 PARTITION OF {t}_by_year FOR VALUES FROM (2026) TO (2027);",
        same_schema=False,
        is_shown=False,
    ),
    Example(
        "refresh-blocks-reads",
        'op.execute("REFRESH MATERIALIZED VIEW {t}_sums")',
        "CREATE MATERIALIZED VIEW {t}_sums AS SELECT customer_id, sum(total) FROM {t} GROUP BY 1;"
        " CREATE UNIQUE INDEX ON {t}_sums (customer_id);",
    ),
    Example("vacuum-full-cluster", 'op.execute("CLUSTER {t} USING {t}_pkey")', has_code=False),
    Example("rewrite", 'op.execute("ALTER TABLE {t} SET UNLOGGED")', has_code=False),
    Example(
        "scan-under-lock",
        'op.execute("ALTER DOMAIN {t}_money ADD CHECK (VALUE >= 0)")',
        "CREATE DOMAIN {t}_money AS integer; ALTER TABLE {t} ADD COLUMN paid {t}_money;",
        has_code=False,
    ),
    Example(
        "two-tables-locked",
        'op.add_column("{p}", sa.Column("phone", sa.Text))',
        before='op.add_column("{t}", sa.Column("phone", sa.Text))',
    ),
    Example(
        "work-under-lock",
        'op.execute("CREATE MATERIALIZED VIEW {t}_mails AS SELECT email FROM {p}")',
        before='op.add_column("{t}", sa.Column("phone", sa.Text))',
    ),
    Example(
        "validate-with-add",
        'op.execute("ALTER TABLE {t} VALIDATE CONSTRAINT ck_{t}_total")',
        before='op.create_check_constraint(\n    "ck_{t}_total", "{t}", "total >= 0",'
        " postgresql_not_valid=True\n)",
    ),
)
"""Those of the rules that are on by themselves."""

STYLE = (
    Example("json-column", 'op.add_column("{t}", sa.Column("data", sa.JSON))'),
    Example(
        "int-primary-key",
        'op.create_table("{t}_tags", sa.Column("id", sa.Integer, primary_key=True))',
    ),
    Example("enum-order", "op.execute(\"CREATE TYPE {t}_mood AS ENUM ('good', 'bad')\")"),
    Example("timestamp-without-zone", 'op.add_column("{t}", sa.Column("sent_at", sa.DateTime))'),
)
"""Those of the rules of taste."""


def tables(number: int) -> tuple[str, str]:
    """Return the names of the tables of the example *number*."""
    return f"t{number:02}", f"p{number:02}"


def filled(text: str, names: tuple[str, str] = ("orders", "customers")) -> str:
    """Return *text* with the *names* of the tables."""
    return text.replace("{t}", names[0]).replace("{p}", names[1])


def on_a_page(text: str, names: tuple[str, str]) -> str:
    """Return *text*, which has *names*, with the names of the pages."""
    return text.replace(names[0], "orders").replace(names[1], "customers")
