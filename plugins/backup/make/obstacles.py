"""Obstacles to a rebuild by this role, found in the catalogue when a backup is made.

pg_restore recreates everything as one role. A dump can hold objects that this role may not create,
or not give away; a dump that was made and can be read proves nothing about that.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg2

from ..archive import rebuild_advice
from ..postgres.create_database import TEMPLATE0
from ..postgres.database_session import asked, reason_of
from .obstacle import Obstacle, Ready
from .unqualified_functions import default_search_path, find_unqualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import DatabaseUrl

    from ..archive.rebuild import RebuildOptions
    from ..postgres.database_session import Session
    from ..postgres.process import Deadline

_log = logging.getLogger("sst.plugins.backup")
_SHOWN = 3
_SET_SINCE = 16
_SCHEMAS_SINCE = 15

_ROLE = "SELECT CAST(current_user AS text), rolsuper FROM pg_roles WHERE rolname = current_user"
# What another object brings (an extension, the functions of a range) is in no dump by itself; a
# partitioned table depends on its own key.
_BROUGHT = """
EXISTS (SELECT FROM pg_depend d WHERE d.classid = CAST(class AS regclass) AND d.objid = object
           AND (d.deptype = 'e' OR d.deptype = 'i' AND d.refobjid <> d.objid))
"""
# Objects that have an owner, with the schema in which the owner must be allowed to create them.
# `public` of a new database exists, and is its owner's.
_OWNED = """
WITH owned(class, object, owner, schema) AS (
    SELECT 'pg_class', oid, relowner, relnamespace FROM pg_class
     WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relpersistence <> 't'
    UNION ALL SELECT 'pg_proc', oid, proowner, pronamespace FROM pg_proc
    UNION ALL SELECT 'pg_type', t.oid, typowner, typnamespace FROM pg_type t
        LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE typtype IN ('d', 'e', 'r') OR c.relkind = 'c'
    UNION ALL SELECT 'pg_operator', oid, oprowner, oprnamespace FROM pg_operator
    UNION ALL SELECT 'pg_opclass', oid, opcowner, opcnamespace FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily', oid, opfowner, opfnamespace FROM pg_opfamily
    UNION ALL SELECT 'pg_collation', oid, collowner, collnamespace FROM pg_collation
    UNION ALL SELECT 'pg_conversion', oid, conowner, connamespace FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config', oid, cfgowner, cfgnamespace FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict', oid, dictowner, dictnamespace FROM pg_ts_dict
    UNION ALL SELECT 'pg_statistic_ext', oid, stxowner, stxnamespace FROM pg_statistic_ext
    UNION ALL SELECT 'pg_namespace', oid, nspowner, 0 FROM pg_namespace
     WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL SELECT 'pg_foreign_data_wrapper', oid, fdwowner, 0 FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server', oid, srvowner, 0 FROM pg_foreign_server
    UNION ALL SELECT 'pg_language', oid, lanowner, 0 FROM pg_language
    UNION ALL SELECT 'pg_event_trigger', oid, evtowner, 0 FROM pg_event_trigger
    UNION ALL SELECT 'pg_publication', oid, pubowner, 0 FROM pg_publication
    UNION ALL SELECT 'pg_default_acl', oid, defaclrole, 0 FROM pg_default_acl
    UNION ALL SELECT 'pg_largeobject', oid, lomowner, 0 FROM pg_largeobject_metadata
), ours AS (
    SELECT CAST(class AS regclass) AS class, object, owner, schema FROM owned
     WHERE (object >= 16384 OR class = 'pg_largeobject')
       AND NOT {brought}
    UNION ALL SELECT CAST('pg_namespace' AS regclass), oid, nspowner, 0 FROM pg_namespace
     WHERE nspname = 'public' AND nspowner <> 6171
       AND CAST(current_setting('server_version_num') AS integer) >= 150000
)
"""
_FOREIGN = """
, strange AS (
    SELECT *, row_number() OVER owners, count(*) OVER (PARTITION BY owner) AS all_
      FROM ours WHERE {claim}
       AND NOT (class = CAST('pg_namespace' AS regclass) AND EXISTS (
            SELECT FROM pg_namespace n WHERE n.oid = object AND n.nspname = ANY (%(ready)s)))
       AND (%(schema)s = '' OR (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
            = CASE class WHEN CAST('pg_namespace' AS regclass) THEN object ELSE schema END)
    WINDOW owners AS (PARTITION BY owner ORDER BY class, object)
)
SELECT pg_get_userbyid(owner), all_,
       array_agg(pg_describe_object(class, object, 0) ORDER BY row_number)
  FROM strange WHERE row_number <= 3 GROUP BY 1, 2 ORDER BY 1
"""
# pg_has_role knows SET since PostgreSQL 16; before, a member may give to its role.
_NO_MEMBER = "NOT pg_has_role(current_user, owner, '{right}')"
# Grants come last: here the owner of the schema is all that counts.
_NO_ROOM = """
owner <> CAST(current_user AS regrole) AND pg_has_role(current_user, owner, '{right}')
   AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = owner AND r.rolsuper)
   AND EXISTS (
        SELECT FROM pg_namespace n WHERE n.oid = schema
           AND NOT pg_has_role(owner, CASE n.nspowner WHEN 6171 THEN CAST(current_user AS regrole)
                                      ELSE n.nspowner END, 'USAGE')
           AND (n.nspname <> 'public'
                OR CAST(current_setting('server_version_num') AS integer) >= 150000))
"""
# A server in a cloud may let other roles create what PostgreSQL leaves to superusers: where the
# owner is no superuser, it did.
_EXTENSIONS = """
SELECT e.extname, v.name IS NULL FROM pg_extension e
  LEFT JOIN pg_available_extensions a ON a.name = e.extname
  LEFT JOIN pg_available_extension_versions v
    ON v.name = a.name AND v.version = a.default_version
 WHERE e.oid >= 16384 AND NOT e.extname = ANY (%s)
   AND (v.name IS NULL OR NOT %s AND v.superuser AND NOT v.trusted
        AND EXISTS (SELECT FROM pg_roles r WHERE r.oid = e.extowner AND r.rolsuper))
 ORDER BY 1
"""
_SUPERUSERS = """
WITH made(class, object) AS (
    SELECT 'pg_proc', p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
     WHERE (NOT l.lanpltrusted OR p.proleakproof) AND p.prokind <> 'a'
    UNION ALL SELECT 'pg_event_trigger', t.oid FROM pg_event_trigger t
      JOIN pg_roles r ON r.oid = t.evtowner AND r.rolsuper
    UNION ALL SELECT 'pg_publication', p.oid FROM pg_publication p
      JOIN pg_roles r ON r.oid = p.pubowner AND r.rolsuper
     WHERE p.puballtables OR CAST(to_jsonb(p) ->> 'puballsequences' AS boolean) {schemas}
    UNION ALL SELECT 'pg_foreign_data_wrapper', oid FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_opclass', oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily', oid FROM pg_opfamily
    UNION ALL SELECT 'pg_am', oid FROM pg_am
    UNION ALL SELECT 'pg_ts_parser', oid FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template', oid FROM pg_ts_template
    UNION ALL SELECT 'pg_cast', oid FROM pg_cast WHERE castmethod = 'b'
    UNION ALL SELECT 'pg_language', oid FROM pg_language WHERE NOT lanpltrusted
)
SELECT pg_describe_object(CAST(class AS regclass), object, 0) FROM made
 WHERE object >= 16384 AND NOT {brought} AND (%(schema)s = ''
    OR (pg_identify_object(CAST(class AS regclass), object, 0)).schema = %(schema)s) ORDER BY 1
"""
_PUBLISHED_SCHEMAS = "OR EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid)"
_SERVERS = """
SELECT DISTINCT f.fdwname FROM pg_foreign_server s
  JOIN pg_foreign_data_wrapper f ON f.oid = s.srvfdw
 WHERE NOT pg_has_role(current_user, f.fdwowner, 'USAGE') AND %(schema)s = '' ORDER BY 1
"""
_TABLESPACES = """
SELECT DISTINCT s.spcname FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace
 WHERE c.oid >= 16384 AND NOT has_tablespace_privilege(s.oid, 'CREATE')
   AND (%(schema)s = ''
        OR c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)) ORDER BY 1
"""
# pg_dump writes SET SESSION AUTHORIZATION around them.
_GRANTS = """
SELECT DISTINCT pg_get_userbyid(grantor) FROM (
    SELECT relowner AS owner, (aclexplode(relacl)).grantor, relnamespace AS schema
      FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT nspowner, (aclexplode(nspacl)).grantor, oid FROM pg_namespace
    UNION ALL SELECT proowner, (aclexplode(proacl)).grantor, pronamespace
      FROM pg_proc WHERE oid >= 16384
) AS given WHERE grantor <> owner AND (%(schema)s = ''
    OR schema = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)) ORDER BY 1
"""


# A dump of one schema has no extension, and one that is in the schema stays in the old one.
_EXTENSIONS_WITHIN = """
SELECT e.extname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE n.nspname = %(schema)s ORDER BY 1
"""


def obstacles_of(
    url: DatabaseUrl, options: RebuildOptions, deadline: Deadline
) -> tuple[Obstacle, ...]:
    """Return the obstacles to a rebuild of the subject of *url* by its role, as *options* say.

    A failure of the look is logged, and stops no backup.
    """
    try:
        ready = replace(_ready(url, options.template, deadline), only=url.schema)
        return asked(url, lambda session: find_obstacles(session, options, ready), deadline)
    except psycopg2.Error as error:
        reason = reason_of(url, error)
        _log.warning("obstacles to a restore could not be looked for: %s", reason)
        return ()


def find_obstacles(
    session: Session, options: RebuildOptions, ready: Ready
) -> tuple[Obstacle, ...]:
    """Return the obstacles to a rebuild by the session's role, in a template that holds *ready*.

    Raises `psycopg2.Error`.
    """
    session.execute("BEGIN READ ONLY")
    try:
        [(role, is_superuser)] = session.fetch(_ROLE)
        found = [*_extensions(session, ready, is_superuser=is_superuser)]
        if not is_superuser:
            found += [*_owners(session, role, ready), *_rights(session, role, ready)]
        return (*found, *_functions(session, options.search_path, ready.only))
    finally:
        session.execute("ROLLBACK")


def _ready(url: DatabaseUrl, template: str, deadline: Deadline) -> Ready:
    """Return the content of the database *template*; none where this role may not look."""
    if template == TEMPLATE0:
        return Ready([], [])

    def look(session: Session) -> Ready:
        return Ready(
            [str(row[0]) for row in session.fetch("SELECT extname FROM pg_extension")],
            [str(row[0]) for row in session.fetch("SELECT nspname FROM pg_namespace")],
        )

    try:
        return asked(url.with_database(template), look, deadline)
    except psycopg2.Error as error:
        _log.warning("could not look into %s: %s", template, reason_of(url, error))
        return Ready([], [])


def _extensions(session: Session, ready: Ready, *, is_superuser: bool) -> Iterator[Obstacle]:
    if ready.only:
        for (name,) in session.fetch(_EXTENSIONS_WITHIN, ready.parameters):
            what = f"the extension {name} is in the schema, and in no backup of one schema"
            yield Obstacle(what, rebuild_advice.EXTENSION_WITHIN.format(name=name))
        return
    for name, is_gone in session.fetch(_EXTENSIONS, (ready.extensions, is_superuser)):
        if is_gone:
            what = f"the extension {name} is not installed on this server any more"
            yield Obstacle(what, rebuild_advice.EXTENSION_MISSING)
        else:
            what = f"only a superuser may create the extension {name}"
            yield Obstacle(what, rebuild_advice.EXTENSION)


def _owners(session: Session, role: str, ready: Ready) -> Iterator[Obstacle]:
    right = "SET" if session.server_major >= _SET_SINCE else "MEMBER"
    for owner, count, names in session.fetch(_owned(_NO_MEMBER, right), ready.parameters):
        what = f"{_listed(names, count)} to {owner}, and {role} is no member of that role"
        yield Obstacle(what, rebuild_advice.OWNER.format(owner=owner, role=role))
    for owner, count, names in session.fetch(_owned(_NO_ROOM, right), ready.parameters):
        what = f"{_listed(names, count)} to {owner}, which may not create there before its grants"
        yield Obstacle(what, rebuild_advice.ROOM)


def _rights(session: Session, role: str, ready: Ready) -> Iterator[Obstacle]:
    only = ready.parameters
    schemas = _PUBLISHED_SCHEMAS if session.server_major >= _SCHEMAS_SINCE else ""
    question = _SUPERUSERS.format(schemas=schemas, brought=_BROUGHT)
    objects = [str(row[0]) for row in session.fetch(question, only)]
    if objects:
        more = f" and {len(objects) - _SHOWN} more" if len(objects) > _SHOWN else ""
        what = f"only a superuser may create {', '.join(objects[:_SHOWN])}{more}"
        yield Obstacle(what, rebuild_advice.SUPERUSER)
    for (name,) in session.fetch(_SERVERS, only):
        what = f"{role} may not use the foreign-data wrapper {name} before its grants"
        yield Obstacle(what, rebuild_advice.WRAPPER)
    for (name,) in session.fetch(_TABLESPACES, only):
        what = f"{role} may not create in the tablespace {name}"
        yield Obstacle(what, rebuild_advice.TABLESPACE.format(name=name, role=role))
    for (grantor,) in session.fetch(_GRANTS, only):
        yield Obstacle(f"{grantor} has granted what it does not own", rebuild_advice.GRANTS)


def _functions(session: Session, search_path: str, schema: str) -> Iterator[Obstacle]:
    found = find_unqualified(session, search_path, schema)
    path = default_search_path(session) if found else ""
    for each in found:
        what = (
            f"function {each.function}, used by {each.called_by}, may not work in a rebuild, whose"
            f" search path is {search_path or 'empty'}: {each.missing}"
        )
        remedy = rebuild_advice.SEARCH_PATH.format(function=each.function, path=path)
        yield Obstacle(what, remedy, is_certain=False)


def _owned(claim: str, right: str) -> str:
    return _OWNED.format(brought=_BROUGHT) + _FOREIGN.format(claim=claim.format(right=right))


def _listed(names: list[str], count: int) -> str:
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return f"{', '.join(names)}{more} {'belongs' if count == 1 else 'belong'}"
