"""Safe ways that several rules offer, each as revisions in a row.

Sources: PostgreSQL manual, ALTER TABLE (Notes) and CREATE INDEX (Building Indexes Concurrently).
"""

from __future__ import annotations

from textwrap import dedent

from . import code

_NOT_NULL_NOT_VALID = 18
"""The first major version in which a NOT NULL may be NOT VALID."""
# A row that somebody else writes meanwhile moves to another page: so until a pass finds nothing.
# The variables have names that columns hardly have: one of both would be refused as ambiguous.
_BACKFILL = """
    DECLARE{declared}
        _page bigint;
        _pages bigint;
        _batch bigint;
        _written bigint;
    BEGIN
        FOR _pass IN 1..10 LOOP
            _page := 0;
            _written := 0;
            _pages := coalesce(
                (SELECT max(pg_relation_size(relid)) FROM pg_partition_tree('{table}')),
                pg_relation_size('{table}')
            ) / current_setting('block_size')::bigint;
            WHILE _page <= _pages LOOP
                {write}
                WHERE ctid >= format('(%s,0)', _page)::tid
                    AND ctid < format('(%s,0)', _page + 100)::tid{condition};
                GET DIAGNOSTICS _batch = ROW_COUNT;
                COMMIT;
                _written := _written + _batch;
                _page := _page + 100;
            END LOOP;
            EXIT WHEN _written = 0;
        END LOOP;
        IF _written > 0 THEN
            RAISE EXCEPTION 'after ten passes there are rows left to write: '
                'something adds them, or changes them back';
        END IF;
    END
"""
# What commits by itself cannot be rehearsed.
_ACCEPTED = "# sst: accept not-judged because it commits each batch and holds row locks alone"
_TRIGGER = """
    BEGIN
        NEW.{column} := {value};
        RETURN NEW;
    END
"""


def validated(relation: str, constraint: str) -> str:
    """Return the call that validates *constraint* of *relation*."""
    table = code.shown(relation)
    return code.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {code.ident(constraint)}")


def not_null(relation: str, columns: tuple[str, ...], major: int) -> list[str]:
    """Return the revisions that make *columns* of *relation* NOT NULL, for the server *major*."""
    names = {each: code.made_name(code.parts(relation)[-1], each, "not_null") for each in columns}
    checked = [validated(relation, name) for name in names.values()]
    if major >= _NOT_NULL_NOT_VALID:
        added = [
            f"ADD CONSTRAINT {code.ident(name)} NOT NULL {code.ident(column)} NOT VALID"
            for column, name in names.items()
        ]
        return [
            code.execute(f"ALTER TABLE {code.shown(relation)} {', '.join(added)}"),
            "\n".join(checked),
        ]
    return [
        "\n".join(
            check(relation, f"{code.ident(each)} IS NOT NULL", names[each]) for each in names
        ),
        "\n".join(checked),
        "\n".join(_required(relation, each, name) for each, name in names.items()),
    ]


def check(relation: str, condition: str, constraint: str) -> str:
    """Return the call that adds a check NOT VALID."""
    return code.call(
        "op.create_check_constraint",
        f"op.f({code.text(constraint)})",
        code.table(relation),
        code.text(code.escaped(condition)) + code.schema_of(relation),
        "postgresql_not_valid=True",
    )


def _required(relation: str, column: str, constraint: str) -> str:
    schema = code.schema_of(relation)
    table = code.table(relation)
    return "\n".join(
        (
            code.call("op.alter_column", table, code.text(column) + schema, "nullable=False"),
            code.call("op.drop_constraint", f"op.f({code.text(constraint)})", table + schema),
        )
    )


def index(
    relation: str,
    name: str,
    columns: tuple[str, ...],
    *,
    is_unique: bool,
    more: tuple[str, ...] = (),
) -> str:
    """Return the block that builds the index *name* while reads and writes go on."""
    words = (
        f"op.f({code.text(name)})",
        code.table(relation),
        code.texts(columns) + code.schema_of(relation),
        *(("unique=True",) if is_unique else ()),
        *more,
        "postgresql_concurrently=True",
        "if_not_exists=True",
    )
    return code.autocommit(code.call("op.create_index", *words))


def without_index(relation: str, name: str) -> str:
    """Return the block that drops the index *name* while reads and writes go on."""
    words = (
        f"op.f({code.text(name)})",
        code.table(relation) + code.schema_of(relation),
        "postgresql_concurrently=True",
        "if_exists=True",
    )
    return code.autocommit(code.call("op.drop_index", *words))


def backfill(
    relation: str, write: str, condition: str = "", declared: tuple[str, ...] = ()
) -> str:
    """Return the block that does *write* to every row of *relation* for which *condition* holds.

    It goes page by page and commits, so that a row is locked for the time of a batch. For a row
    that *write* has written, *condition* must not hold any more. It may use the variables that
    are *declared*, each with its type and value.
    """
    more = f"\n                    AND {condition}" if condition else ""
    table = code.shown(relation).replace("'", "''")
    lines = "".join(f"\n        {each};" for each in declared)
    text = _BACKFILL.format(table=table, write=write, condition=more, declared=lines)
    return code.autocommit(_ACCEPTED, code.execute(f"DO {code.dollar_quoted(dedent(text))}"))


def kept_in_step(relation: str, column: str, value: str) -> str:
    """Return the calls that let a trigger write *value* into *column* with every row.

    *value* is an expression in which `NEW` is the row.
    """
    name = code.ident(code.made_name("fill", code.parts(relation)[-1], column))
    body = dedent(_TRIGGER).format(column=code.ident(column), value=value)
    head = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
    trigger = (
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {code.shown(relation)} "
        f"FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
    function = code.execute(f"{head} {code.dollar_quoted(body)}")
    return "\n".join((function, code.execute(trigger)))


def alone(sql: str) -> str:
    """Return *sql* in a revision of its own; nothing where values are sent beside it."""
    return code.in_a_row(code.execute(sql)) if "%(" not in sql and "%s" not in sql else ""
