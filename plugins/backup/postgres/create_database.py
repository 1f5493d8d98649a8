"""CREATE DATABASE for a rebuild: its encoding and locale, and the roles that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from .marks import born_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .database_session import Session
    from .maintenance_session import Server

# Columns come and go with the versions: a row as JSON has those that there are.
_PROPERTIES = """
SELECT pg_encoding_to_char(d.encoding), to_jsonb(d)
  FROM pg_catalog.pg_database d WHERE d.datname = current_database()
"""
_COLUMNS = {
    "collate": ("datcollate",),
    "ctype": ("datctype",),
    "provider": ("datlocprovider",),
    "locale": ("datlocale", "daticulocale"),
    "icu_rules": ("daticurules",),
}
# Objects of the bootstrap superuser are in no pg_shdepend.
_ROLES = r"""
SELECT DISTINCT r.rolname FROM pg_catalog.pg_roles r
  JOIN (SELECT s.refobjid FROM pg_catalog.pg_shdepend s
         WHERE s.refclassid = CAST('pg_catalog.pg_authid' AS regclass)
           AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        UNION SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid >= 16384
        UNION SELECT n.nspowner FROM pg_catalog.pg_namespace n WHERE n.oid >= 16384
        UNION SELECT p.proowner FROM pg_catalog.pg_proc p WHERE p.oid >= 16384
        UNION SELECT l.lomowner FROM pg_catalog.pg_largeobject_metadata l) AS named
    ON named.refobjid = r.oid
 WHERE r.rolname !~ '^pg_' ORDER BY 1
"""
# The roles of one schema and of what is in it.
_ROLES_OF_SCHEMA = r"""
WITH one AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %(schema)s),
own(class, object, owner) AS (
    SELECT 'pg_namespace', oid, nspowner FROM pg_catalog.pg_namespace WHERE nspname = %(schema)s
    UNION ALL SELECT 'pg_class', oid, relowner FROM pg_catalog.pg_class
     WHERE relnamespace = (TABLE one)
    UNION ALL SELECT 'pg_proc', oid, proowner FROM pg_catalog.pg_proc
     WHERE pronamespace = (TABLE one)
    UNION ALL SELECT 'pg_type', oid, typowner FROM pg_catalog.pg_type
     WHERE typnamespace = (TABLE one)
    UNION ALL SELECT 'pg_policy', p.oid, c.relowner FROM pg_catalog.pg_policy p
      JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
     WHERE relnamespace = (TABLE one)
    UNION ALL SELECT 'pg_default_acl', oid, defaclrole FROM pg_catalog.pg_default_acl
     WHERE defaclnamespace = (TABLE one)
)
SELECT DISTINCT r.rolname FROM pg_catalog.pg_roles r
  JOIN (SELECT owner FROM own
        UNION SELECT s.refobjid FROM own JOIN pg_catalog.pg_shdepend s
           ON s.classid = CAST(own.class AS regclass) AND s.objid = own.object
          AND s.refclassid = CAST('pg_catalog.pg_authid' AS regclass)
          AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
       ) AS named(role) ON named.role = r.oid
 WHERE r.rolname !~ '^pg_' ORDER BY 1
"""
_KNOWN_ROLES = "SELECT rolname FROM pg_catalog.pg_roles"
TEMPLATE0 = "template0"
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
_LOCALES = {"i": "ICU_LOCALE", "b": "BUILTIN_LOCALE"}


def properties_of(session: Session) -> dict[str, Any]:
    """Return the options of CREATE DATABASE for a database like the session's."""
    [(encoding, row)] = session.fetch(_PROPERTIES)
    found = {
        name: next(filter(None, map(row.get, columns)), None) for name, columns in _COLUMNS.items()
    }
    return {"encoding": encoding, **{name: value for name, value in found.items() if value}}


def roles_of(session: Session, schema: str = "") -> tuple[str, ...]:
    """Return the roles that own something in the session's database or have a grant in it.

    With *schema*, in that schema alone.
    """
    rows = session.fetch(_ROLES_OF_SCHEMA, {"schema": schema}) if schema else session.fetch(_ROLES)
    return tuple(str(row[0]) for row in rows)


def missing_roles(connection: Session | Server, wanted: Iterable[str]) -> list[str]:
    """Return those of *wanted* that the server of *connection* does not have."""
    known = {str(row[0]) for row in connection.fetch(_KNOWN_ROLES)}
    return [role for role in wanted if role not in known]


def creation(name: str, properties: Mapping[str, Any], template: str = TEMPLATE0) -> sql.Composed:
    """Return the statement that creates the database *name*, ours, with *properties*."""
    names = map(sql.Identifier, (name, template))
    parts = [sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names)]
    provider = str(properties.get("provider", ""))
    options = {
        "ENCODING": properties.get("encoding"),
        "LC_COLLATE": properties.get("collate"),
        "LC_CTYPE": properties.get("ctype"),
        "LOCALE_PROVIDER": _PROVIDERS.get(provider),
        _LOCALES.get(provider, ""): properties.get("locale"),
        "ICU_RULES": properties.get("icu_rules"),
    }
    for option, value in options.items():
        if option and value:
            parts.append(sql.SQL(f"{option} {{}}").format(sql.Literal(value)))
    parts.append(born_with(name))
    return sql.SQL(" ").join(parts)
