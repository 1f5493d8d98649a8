"""What PostgreSQL's catalog says about a schema, in lines that can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.migrations.chain import Chain

# Without the order of columns: one that a downgrade brings back comes back as the last.
_QUERIES = (
    """
    SELECT format('column %s.%s %s notnull=%s default=%s identity=%s', c.relname, a.attname,
                  format_type(a.atttypid, a.atttypmod), a.attnotnull,
                  pg_get_expr(d.adbin, d.adrelid), a.attidentity)
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
      AND a.attnum > 0 AND NOT a.attisdropped
    """,
    """
    SELECT format('constraint %s.%s validated=%s %s', conrelid::regclass, conname, convalidated,
                  pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
      AND conrelid::regclass::text <> 'alembic_version'
    """,
    """
    SELECT format('index %s valid=%s %s', indexrelid::regclass, indisvalid,
                  pg_get_indexdef(indexrelid))
    FROM pg_index JOIN pg_class c ON c.oid = indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
    """,
    """
    SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    """,
    """
    SELECT format('function %s', pg_get_functiondef(oid))
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    """,
)


def snapshot(chain: Chain) -> tuple[str, ...]:
    """Return one line per column, constraint, index, trigger and function, sorted."""
    return tuple(sorted(line for query in _QUERIES for (line,) in chain.fetch(query)))
