"""The threads between one schema and the rest of its database, as the catalogue has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..manifest.outside import ForeignKey, Outside

if TYPE_CHECKING:
    from ..postgres.database_session import Session

# Each object that is in a schema, or in something that is; 99 is pg_toast. In none are extensions,
# publications, casts, event triggers.
_PLACED = """
WITH one(schema) AS (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s),
placed(class, object, schema) AS (
    SELECT 'pg_namespace', oid, oid FROM pg_namespace
    UNION ALL SELECT 'pg_class', oid, relnamespace FROM pg_class
    UNION ALL SELECT 'pg_type', oid, typnamespace FROM pg_type
    UNION ALL SELECT 'pg_proc', oid, pronamespace FROM pg_proc
    UNION ALL SELECT 'pg_constraint', oid, connamespace FROM pg_constraint
    UNION ALL SELECT 'pg_rewrite', r.oid, relnamespace
      FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    UNION ALL SELECT 'pg_attrdef', a.oid, relnamespace
      FROM pg_attrdef a JOIN pg_class c ON c.oid = a.adrelid
    UNION ALL SELECT 'pg_trigger', t.oid, relnamespace
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    UNION ALL SELECT 'pg_policy', p.oid, relnamespace
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    UNION ALL SELECT 'pg_default_acl', oid, defaclnamespace FROM pg_default_acl
    UNION ALL SELECT 'pg_statistic_ext', oid, stxnamespace FROM pg_statistic_ext
    UNION ALL SELECT 'pg_operator', oid, oprnamespace FROM pg_operator
    UNION ALL SELECT 'pg_opclass', oid, opcnamespace FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily', oid, opfnamespace FROM pg_opfamily
    UNION ALL SELECT 'pg_amop', a.oid, opfnamespace
      FROM pg_amop a JOIN pg_opfamily f ON f.oid = a.amopfamily
    UNION ALL SELECT 'pg_amproc', a.oid, opfnamespace
      FROM pg_amproc a JOIN pg_opfamily f ON f.oid = a.amprocfamily
    UNION ALL SELECT 'pg_collation', oid, collnamespace FROM pg_collation
    UNION ALL SELECT 'pg_conversion', oid, connamespace FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config', oid, cfgnamespace FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict', oid, dictnamespace FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_parser', oid, prsnamespace FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template', oid, tmplnamespace FROM pg_ts_template
), places AS MATERIALIZED (
    SELECT CAST(CAST(class AS regclass) AS oid) AS class, object, schema FROM placed
)
"""
# Those of a foreign key are on both of its tables.
_INTERNAL = """
SELECT FROM pg_trigger t
 WHERE d.classid = CAST('pg_trigger' AS regclass) AND t.tgisinternal
"""
_NEEDS = """
SELECT DISTINCT coalesce(
    (SELECT format('extension %%I', e.extname) FROM pg_depend m
       JOIN pg_extension e ON e.oid = m.refobjid
      WHERE (m.classid, m.objid) = (d.refclassid, d.refobjid) AND m.deptype = 'e' LIMIT 1),
    pg_describe_object(d.refclassid, d.refobjid, 0))
  FROM one JOIN places own USING (schema)
  JOIN pg_depend d ON (d.classid, d.objid) = (own.class, own.object)
  LEFT JOIN places other ON (other.class, other.object) = (d.refclassid, d.refobjid)
 WHERE d.refobjid >= 16384 AND other.schema IS DISTINCT FROM own.schema
   AND NOT EXISTS ({internal} AND t.oid = d.objid)
   AND NOT EXISTS (SELECT FROM pg_class i WHERE i.oid = d.refobjid AND i.relkind IN ('i', 'I')
                      AND d.refclassid = CAST('pg_class' AS regclass))
 ORDER BY 1
"""
# A child of a table elsewhere is that one's: its rows are in it, twice while the old one is kept.
_DEPENDENTS = """
SELECT DISTINCT regexp_replace(pg_describe_object(d.classid, d.objid, 0), '^rule _RETURN on ', '')
  FROM one JOIN places own USING (schema)
  JOIN pg_depend d ON (d.refclassid, d.refobjid) = (own.class, own.object)
  LEFT JOIN places other ON (other.class, other.object) = (d.classid, d.objid)
 WHERE other.schema IS DISTINCT FROM own.schema AND other.schema IS DISTINCT FROM 99
   AND NOT EXISTS ({internal} AND t.oid = d.objid)
UNION SELECT format('table %%s, of which %%s is a part',
    CAST(i.inhparent AS regclass), CAST(i.inhrelid AS regclass))
  FROM one JOIN pg_class c ON c.relnamespace = one.schema
  JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
 WHERE p.relnamespace <> one.schema AND c.relkind IN ('r', 'p', 'f')
 ORDER BY 1
"""
_FOREIGN_KEYS = """
SELECT c.relname, k.conname, format('%%I.%%I', s.nspname, r.relname)
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
  JOIN pg_namespace s ON s.oid = r.relnamespace
 WHERE n.nspname = %(schema)s AND k.contype = 'f' AND s.oid <> n.oid AND k.conparentid = 0
 ORDER BY 1, 2
"""
_LARGE_OBJECTS = """
SELECT format('large objects, if %%I.%%I of %%I names such', c.relname, a.attname, n.nspname)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
 WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p') AND a.attnum > 0
   AND (a.atttypid = CAST('oid' AS regtype) OR t.typbasetype = CAST('oid' AS regtype))
   AND EXISTS (SELECT FROM pg_largeobject_metadata)
 ORDER BY 1
"""


def outside_of(session: Session, schema: str) -> Outside:
    """Return what *schema* needs, as *session* sees it; raises `psycopg2.Error`."""
    found = _named(session, _PLACED + _NEEDS.format(internal=_INTERNAL), schema)
    return Outside(
        (*found, *_named(session, _LARGE_OBJECTS, schema)),
        tuple(ForeignKey(*row) for row in session.fetch(_FOREIGN_KEYS, {"schema": schema})),
    )


def dependents_of(session: Session, schema: str) -> tuple[str, ...]:
    """Return what outside of *schema* depends on what is in it, in the server's words.

    Raises `psycopg2.Error`.
    """
    return _named(session, _PLACED + _DEPENDENTS.format(internal=_INTERNAL), schema)


def _named(session: Session, question: str, schema: str) -> tuple[str, ...]:
    return tuple(str(row[0]) for row in session.fetch(question, {"schema": schema}))
