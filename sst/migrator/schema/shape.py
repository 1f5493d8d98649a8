"""The shape of a database in a few kilobytes: every object of the catalog with a short hash.

What belongs to the server, to an extension, to our own record or to a session is left out, and so
are partitions (applications add and drop them) and indexes that are not valid (a finding of its
own).  Owners, rights, storage options and comments are no part of the shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from sst.db.engine import own_schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Shape = dict[str, str]
"""The hash of an object's definition by its name, such as `column public.sites.name`."""

# How the server writes a definition depends on these.
_SESSION = (
    "set local search_path = ''",
    "set local lock_timeout = '500ms'",
    "set local timezone = 'UTC'",
    "set local intervalstyle = 'postgres'",
    "set local bytea_output = 'hex'",
    "set local quote_all_identifiers = off",
)
_SHAPE = text(r"""
with space as (
    select oid, nspname from pg_catalog.pg_namespace
    where nspname not in ('migrator', 'information_schema') and nspname !~ '^pg_'
      and cast(:schema as text) in ('', nspname)
), relation as (
    select c.*, s.nspname, format('%I.%I', s.nspname, c.relname) as name
    from pg_catalog.pg_class c join space s on s.oid = c.relnamespace
    where not c.relispartition and c.relpersistence <> 't' and not exists (
        select 1 from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
          and d.deptype = 'e')
), shape as (
    select 'table ' || name as object,
        concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity,
            case relkind when 'p' then pg_get_partkeydef(oid) end) as definition
    from relation where relkind in ('r', 'p', 'f')
    union all
    select format('column %s.%I', t.name, a.attname),
        concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
            a.attgenerated, a.attcollation::regcollation,
            'default ' || pg_get_expr(d.adbin, d.adrelid))
    from relation t join pg_catalog.pg_attribute a on a.attrelid = t.oid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where t.relkind in ('r', 'p', 'f', 'c') and a.attnum > 0 and not a.attisdropped
    union all
    select format('constraint %s.%I', t.name, k.conname), pg_get_constraintdef(k.oid)
    from relation t join pg_catalog.pg_constraint k on k.conrelid = t.oid
    where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0
    union all
    select format('index %s.%I', t.name, c.relname), pg_get_indexdef(i.indexrelid)
    from relation t join pg_catalog.pg_index i on i.indrelid = t.oid
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indisvalid and not exists (select 1 from pg_catalog.pg_constraint k
        where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
    union all
    select format('trigger %s.%I', t.name, g.tgname),
        concat_ws(' ', g.tgenabled, pg_get_triggerdef(g.oid))
    from relation t join pg_catalog.pg_trigger g on g.tgrelid = t.oid
    where not g.tgisinternal and g.tgparentid = 0
    union all
    select format('policy %s.%I', t.name, p.polname),
        concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
            pg_get_expr(p.polwithcheck, p.polrelid))
    from relation t join pg_catalog.pg_policy p on p.polrelid = t.oid
    union all
    select case relkind when 'v' then 'view ' else 'materialized view ' end || name,
        pg_get_viewdef(oid)
    from relation where relkind in ('v', 'm')
    union all
    select 'sequence ' || r.name, concat_ws(' ', q.seqtypid::regtype, q.seqstart,
        q.seqincrement, q.seqmin, q.seqmax, q.seqcycle)
    from relation r join pg_catalog.pg_sequence q on q.seqrelid = r.oid
    union all
    select format('function %I.%I(%s)', s.nspname, p.proname,
            pg_get_function_identity_arguments(p.oid)),
        case p.prokind when 'a' then 'aggregate' else pg_get_functiondef(p.oid) end
    from space s join pg_catalog.pg_proc p on p.pronamespace = s.oid
    where not exists (select 1 from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid
          and d.deptype = 'e')
    union all
    select format('type %I.%I', s.nspname, y.typname), concat_ws(' ', y.typtype, y.typnotnull,
        case y.typtype when 'd' then format_type(y.typbasetype, y.typtypmod) end,
        y.typdefault,
        (select string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder)
            from pg_catalog.pg_enum e where e.enumtypid = y.oid),
        (select string_agg(pg_get_constraintdef(k.oid), ',' order by k.conname)
            from pg_catalog.pg_constraint k where k.contypid = y.oid and k.contype = 'c'),
        (select format_type(r.rngsubtype, null)
            from pg_catalog.pg_range r where r.rngtypid = y.oid))
    from space s join pg_catalog.pg_type y on y.typnamespace = s.oid
    where (y.typtype in ('e', 'd', 'r') or exists (select 1 from relation c
            where c.oid = y.typrelid and c.relkind = 'c'))
      and not exists (select 1 from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = y.oid
          and d.deptype = 'e')
)
select object, left(md5(coalesce(definition, '')), 12) from shape
""")


def take_shape(connection: Connection) -> Shape:
    """Return the shape of the database, or of the one schema that *connection* is for.

    It must not be in autocommit mode.
    Raises the driver's error when something keeps a definition locked for half a second.
    """
    try:
        for statement in _SESSION:
            connection.exec_driver_sql(statement)
        rows = connection.execute(_SHAPE, {"schema": own_schema(connection)})
        return {row[0]: row[1] for row in rows}
    finally:
        connection.rollback()


def server_major(connection: Connection) -> int:
    """Return the server's major version: another one may write the same definition otherwise."""
    found = connection.exec_driver_sql("show server_version_num").scalar_one()
    return int(found) // 10000
