"""Functions that a rebuild calls and that name others without a schema.

pg_restore works with an empty search path, so such a name is not found, and the rebuild fails:
while rows come in (generated columns, CHECK constraints, domains, partition keys), while an index
is built, or when a materialised view is refreshed.

Nothing is called to find them: a function may be of any role. The server's own validators parse
it; names that PL/pgSQL looks up only when it runs are read from its text, so it is a *may*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..postgres.database_session import Session

# Whatever pg_restore makes the server evaluate, down through the views of materialised views.
_CALLED = """
WITH RECURSIVE rules(oid) AS (
    SELECT r.oid FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
     WHERE c.relkind = 'm' AND c.relispopulated
    UNION
    SELECT r.oid FROM rules JOIN pg_depend d ON d.classid = CAST('pg_rewrite' AS regclass)
       AND d.objid = rules.oid AND d.refclassid = CAST('pg_class' AS regclass)
      JOIN pg_class c ON c.oid = d.refobjid AND c.relkind = 'v'
      JOIN pg_rewrite r ON r.ev_class = c.oid
), users(classid, objid, objsubid) AS (
    SELECT CAST('pg_rewrite' AS regclass), oid, 0 FROM rules
    UNION ALL SELECT CAST('pg_attrdef' AS regclass), d.oid, 0 FROM pg_attrdef d
      JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE a.attgenerated = 's'
    UNION ALL SELECT CAST('pg_class' AS regclass), attrelid, attnum FROM pg_attribute
     WHERE attgenerated = 's'
    UNION ALL SELECT CAST('pg_constraint' AS regclass), oid, 0 FROM pg_constraint
     WHERE contype = 'c'
    UNION ALL SELECT CAST('pg_class' AS regclass), oid, 0 FROM pg_class
     WHERE relkind IN ('i', 'I', 'p')
)
SELECT CAST(coalesce(o.oprcode, d.refobjid) AS oid),
       min(pg_describe_object(u.classid, u.objid, u.objsubid))
  FROM users u JOIN pg_depend d USING (classid, objid, objsubid)
  LEFT JOIN pg_operator o ON d.refclassid = CAST('pg_operator' AS regclass) AND o.oid = d.refobjid
 WHERE (d.refclassid = CAST('pg_proc' AS regclass) OR o.oid IS NOT NULL)
   AND (%(schema)s = '' OR %(schema)s
        = (pg_identify_object_as_address(u.classid, u.objid, u.objsubid)).object_names[1])
 GROUP BY 1
"""
_FUNCTIONS = """
SELECT p.oid, CAST(CAST(p.oid AS regprocedure) AS text), n.nspname, p.proname, l.lanname,
       p.prosrc, p.prosqlbody IS NOT NULL,
       EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search\\_path=%'),
       EXISTS (SELECT FROM pg_proc q WHERE q.proname = p.proname
                  AND q.pronamespace = CAST('pg_catalog' AS regnamespace)),
       CAST(ARRAY(SELECT d.refobjid FROM pg_depend d
                   WHERE d.classid = CAST('pg_proc' AS regclass) AND d.objid = p.oid
                     AND d.refclassid = CAST('pg_proc' AS regclass)) AS bigint[])
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
 WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
"""
# Relations have a type of their name; a name that pg_catalog has too is found there.
_TYPES = """
SELECT t.typname, n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_type s WHERE s.typname = t.typname
                      AND s.typnamespace = CAST('pg_catalog' AS regnamespace))
"""
_PATH = "SELECT set_config('search_path', %s, false)"
_SCHEMAS = "SELECT unnest(current_schemas(true))"
_DEFAULT_PATH = """
SELECT string_agg(quote_ident(name), ', ') FROM unnest(current_schemas(false)) name
"""
_VALIDATORS = {"sql": "fmgr_sql_validator", "plpgsql": "plpgsql_validator"}
_NOT_FOUND = ("42883", "42P01", "42704", "3F000")
"""Undefined function (or operator), table, object (or type), schema."""

_ASIDE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_NAME = r'(?:[^\W\d][\w$]*|"[^"]+")'
_CALL = re.compile(rf'(?<![\w$."])({_NAME})\s*\(')
_ANY_CALL = re.compile(rf"({_NAME})\s*\(")
_RELATION = re.compile(rf"\b(?:from|join)\s+(?:only\s+)?({_NAME})(?!\s*[.(]|[\w$])", re.IGNORECASE)
_CAST = re.compile(rf"::\s*({_NAME})(?!\s*\.|[\w$])")


@dataclass(frozen=True, slots=True)
class Unqualified:
    """A function that does not find what it names."""

    function: str
    """With its schema and arguments."""
    called_by: str
    missing: str
    """The name that it does not find, in the server's words or ours."""


@dataclass(frozen=True, slots=True)
class _Function:
    signature: str
    schema: str
    name: str
    language: str
    body: str
    is_bound: bool
    """Whether its body was bound when it was made (BEGIN ATOMIC)."""
    has_path: bool
    is_shadowed: bool
    """Whether pg_catalog has one of that name."""
    calls: Sequence[int]


def find_unqualified(
    session: Session, search_path: str = "", schema: str = ""
) -> tuple[Unqualified, ...]:
    """Return the functions that a rebuild with *search_path* calls and that may fail in it.

    With *schema* it is one of that schema alone.

    The session is in a transaction, which stays good.
    Raises `psycopg2.Error`.
    """
    called = dict(session.fetch(_CALLED, {"schema": schema}))
    known = {oid: _Function(*facts) for oid, *facts in session.fetch(_FUNCTIONS)}
    reached = _reached({oid: by for oid, by in called.items() if oid in known}, known)
    session.fetch(_PATH, (search_path or "pg_catalog",))
    try:
        visible = {str(row[0]) for row in session.fetch(_SCHEMAS)}
        hidden = _hidden(session, known, visible)
        found = (
            Unqualified(known[oid].signature, by, _missing(session, oid, known[oid], hidden))
            for oid, by in reached
        )
        return tuple(each for each in found if each.missing)
    finally:
        session.fetch(_PATH, ("pg_catalog",))


def default_search_path(session: Session) -> str:
    """Return the schemas that the role's own sessions look in, as a setting has them."""
    session.execute("RESET search_path")
    try:
        [(path,)] = session.fetch(_DEFAULT_PATH)
    finally:
        session.fetch(_PATH, ("pg_catalog",))
    return str(path or "public")


def _reached(called: Mapping[int, str], known: Mapping[int, _Function]) -> list[tuple[int, str]]:
    """Return the functions *called* and those that they call, each with its first caller."""
    by_name: dict[str, list[int]] = {}
    for oid, function in known.items():
        by_name.setdefault(function.name, []).append(oid)
    found = dict(called)
    todo = list(called)
    while todo:
        oid = todo.pop()
        if known[oid].has_path:
            # The functions that it calls get that path as well.
            continue
        names = set(map(_folded, _ANY_CALL.findall(_code(known[oid].body))))
        named = (each for name in names for each in by_name.get(name, ()))
        for callee in (*named, *known[oid].calls):
            if callee in known and callee not in found:
                found[callee] = found[oid]
                todo.append(callee)
    return sorted(
        ((oid, by) for oid, by in found.items() if not known[oid].has_path),
        key=lambda each: known[each[0]].signature,
    )


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Names that the search path does not lead to."""

    functions: frozenset[str]
    types: frozenset[str]


def _hidden(session: Session, known: Mapping[int, _Function], visible: set[str]) -> _Hidden:
    functions = {each.name for each in known.values() if not each.is_shadowed}
    types: dict[str, bool] = {}
    for name, schema in session.fetch(_TYPES):
        types[name] = types.get(name, False) or schema in visible
    return _Hidden(
        frozenset(functions - {each.name for each in known.values() if each.schema in visible}),
        frozenset(name for name, is_visible in types.items() if not is_visible),
    )


def _missing(session: Session, oid: int, function: _Function, hidden: _Hidden) -> str:
    if function.is_bound or function.language not in _VALIDATORS:
        return ""
    complaint = _complaint(session, oid, function.language)
    if complaint or function.language == "sql":
        return complaint
    name = next(_named(_code(function.body), hidden), "")
    return f"it names {name} without a schema" if name else ""


def _complaint(session: Session, oid: int, language: str) -> str:
    """Return the name that the server does not find when it parses the function, or nothing."""
    session.execute("SAVEPOINT validating")
    try:
        session.fetch(f"SELECT {_VALIDATORS[language]}(CAST(%s AS oid))", (oid,))
    except psycopg2.Error as error:
        return session.reason(error) if error.pgcode in _NOT_FOUND else ""
    finally:
        session.execute("ROLLBACK TO SAVEPOINT validating")
    return ""


def _named(code: str, hidden: _Hidden) -> Iterator[str]:
    local = {_folded(name) for name in re.findall(rf"({_NAME})\s+as\s*\(", code, re.IGNORECASE)}
    for pattern, names in (
        (_CALL, hidden.functions),
        (_RELATION, hidden.types - local),
        (_CAST, hidden.types),
    ):
        yield from (name for name in map(_folded, pattern.findall(code)) if name in names)


def _code(body: str) -> str:
    """Return *body* without comments and literals."""
    return _ASIDE.sub(" ", body)


def _folded(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name.lower()
