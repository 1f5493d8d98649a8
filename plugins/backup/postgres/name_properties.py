"""The database's own properties, which are in no dump: owner, grants, settings, comment."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from psycopg2 import sql
from pydantic import TypeAdapter, ValidationError

from sst.hooks import Veto

from . import marks

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from .maintenance_session import Server

_ROW = """
SELECT pg_get_userbyid(d.datdba), t.spcname, d.datconnlimit, d.datistemplate,
       shobj_description(d.oid, 'pg_database')
  FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
 WHERE d.datname = %(name)s
"""
# A grantee of 0 is PUBLIC.
_GRANTS = """
SELECT DISTINCT CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END,
       a.privilege_type, a.is_grantable
  FROM pg_database d, aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a
 WHERE d.datname = %(name)s ORDER BY 1, 2
"""
_SETTINGS = """
SELECT CASE s.setrole WHEN 0 THEN '' ELSE pg_get_userbyid(s.setrole) END, unnest(s.setconfig)
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
 WHERE d.datname = %(name)s ORDER BY 1
"""
_LABELS = """
SELECT l.provider, l.label FROM pg_shseclabel l JOIN pg_database d ON d.oid = l.objoid
 WHERE l.classoid = CAST('pg_database' AS regclass) AND d.datname = %(name)s
"""
# Lists of names, each quoted by itself; pg_dump has the same list (variable_is_guc_list_quote).
_LISTS = frozenset(
    {"local_preload_libraries", "search_path", "session_preload_libraries"}
    | {"shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"}
)
_DEFAULT = "pg_default"
# It stands in a statement as it is, and may come from a manifest of unknown origin.
Privilege = Literal["CREATE", "CONNECT", "TEMPORARY"]
_LISTED = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


@dataclass(frozen=True, slots=True)
class Properties:
    """The own properties of a database; an empty role is PUBLIC, or every role."""

    owner: str
    tablespace: str
    connection_limit: int
    is_template: bool
    comment: str | None
    grants: tuple[tuple[str, Privilege, bool], ...]
    """Role, privilege, and whether it may be handed on."""
    settings: tuple[tuple[str, str, str], ...]
    """Role, name and value of ALTER DATABASE SET and ALTER ROLE IN DATABASE SET."""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        """The roles that are named."""
        named = {role for role, *_ in (*self.grants, *self.settings)}
        return frozenset(named | {self.owner}) - {""}

    def without(self, missing: Container[str], owner: str) -> Properties:
        """Return these without the roles *missing*; *owner* replaces a missing owner."""
        return replace(
            self,
            owner=owner if self.owner in missing else self.owner,
            grants=tuple(grant for grant in self.grants if grant[0] not in missing),
            settings=tuple(setting for setting in self.settings if setting[0] not in missing),
        )

    def placed(self, tablespaces: Container[str]) -> Properties:
        """Return these in a tablespace that there is: one of *tablespaces*, else the default."""
        return self if self.tablespace in tablespaces else replace(self, tablespace=_DEFAULT)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Properties:
        """Return the properties that `to_dict` wrote; JSON has lists for tuples.

        Raises `Veto` (code `backup_damaged`) when *values* are something else.
        """
        try:
            return TypeAdapter(cls).validate_python(dict(values))
        except ValidationError as error:
            where = ".".join(map(str, error.errors(include_input=False)[0]["loc"]))
            raise Veto(
                f"the backup is damaged: the database's own properties are malformed ({where})",
                "take another one: python migrate.py backup list",
                code="backup_damaged",
            ) from None


def read_properties(server: Server, name: str) -> Properties:
    """Return the properties of the database *name*, which exists."""
    [(owner, tablespace, limit, is_template, comment)] = server.fetch(_ROW, name=name)
    return Properties(
        owner=owner,
        tablespace=tablespace,
        connection_limit=limit,
        is_template=is_template,
        comment=marks.strip(comment),
        grants=tuple(server.fetch(_GRANTS, name=name)),
        settings=tuple(
            (role, *setting.split("=", 1)) for role, setting in server.fetch(_SETTINGS, name=name)
        ),
        labels=tuple(server.fetch(_LABELS, name=name)),
    )


def apply_properties(server: Server, name: str, wanted: Properties) -> None:
    """Make the properties of the database *name* equal to *wanted*, all or none.

    The tablespace comes first and by itself: its files are moved, and no session may be there.
    Raises `psycopg2.Error` when the role may not.
    """
    if read_properties(server, name).tablespace != wanted.tablespace:
        server.execute("ALTER DATABASE {} SET TABLESPACE {}", name, wanted.tablespace)
    with server.transaction():
        _apply(server, name, wanted)


def rehearse(server: Server, name: str, wanted: Properties) -> None:
    """Do to the database *name* all that `apply_properties` will do, and roll it back.

    Raises `psycopg2.Error` when the role may not: better now than after the rebuild.
    """
    with server.transaction(keep=False):
        _apply(server, name, wanted)


def _apply(server: Server, name: str, wanted: Properties) -> None:
    present = read_properties(server, name)
    if present.owner != wanted.owner:
        server.execute("ALTER DATABASE {} OWNER TO {}", name, wanted.owner)
    _apply_settings(server, name, present, wanted)
    _apply_grants(server, name, wanted)
    for provider, label in wanted.labels:
        statement = "SECURITY LABEL FOR {} ON DATABASE {} IS {}"
        server.execute(statement, provider, name, sql.Literal(label))
    marks.comment_on(server, name, wanted.comment)
    limit, template = sql.Literal(wanted.connection_limit), sql.Literal(wanted.is_template)
    server.execute("ALTER DATABASE {} CONNECTION LIMIT {}", name, limit)
    if present.is_template != wanted.is_template:
        server.execute("ALTER DATABASE {} IS_TEMPLATE {}", name, template)


def _apply_settings(server: Server, name: str, present: Properties, wanted: Properties) -> None:
    for role in sorted({role for role, *_ in present.settings}):
        server.execute("{} RESET ALL", _setter(name, role))
    for role, variable, value in wanted.settings:
        identifier = sql.Identifier(*variable.split("."))
        server.execute(
            "{} SET {} TO {}", _setter(name, role), identifier, spelled(variable, value)
        )


def _setter(name: str, role: str) -> sql.Composable:
    database = sql.Identifier(name)
    if not role:
        return sql.SQL("ALTER DATABASE {}").format(database)
    return sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), database)


def spelled(variable: str, value: str) -> sql.Composable:
    """Return *value* as SET takes it: a list name by name, all else as one text."""
    if variable not in _LISTS:
        return sql.Literal(value)
    quoted_and_plain = _LISTED.findall(value) or [("", "")]
    names = [quoted.replace('""', '"') or plain for quoted, plain in quoted_and_plain]
    return sql.SQL(", ").join(map(sql.Literal, names))


def _apply_grants(server: Server, name: str, wanted: Properties) -> None:
    present = server.fetch(_GRANTS, name=name)
    if set(present) == set(wanted.grants):
        return
    for role in sorted({role for role, *_ in present}):
        server.execute("REVOKE ALL ON DATABASE {} FROM {} CASCADE", name, _grantee(role))
    for role, privilege, is_grantable in wanted.grants:
        option = " WITH GRANT OPTION" if is_grantable else ""
        statement = f"GRANT {privilege} ON DATABASE {{}} TO {{}}{option}"
        server.execute(statement, name, _grantee(role))


def _grantee(role: str) -> sql.Composable:
    return sql.Identifier(role) if role else sql.SQL("PUBLIC")
