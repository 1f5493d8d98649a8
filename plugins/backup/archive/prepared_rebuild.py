"""A rebuild where pg_restore alone does not get through: extensions made before, a search path."""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
from functools import partial
from typing import TYPE_CHECKING

from psycopg2 import sql

from ..postgres.client_environment import plain_environment
from ..postgres.database_session import asked
from ..postgres.name_properties import spelled
from ..postgres.process import work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.hooks import DatabaseUrl

    from ..postgres.client_programs import Tools
    from ..postgres.database_session import Session
    from ..postgres.process import Deadline

_log = logging.getLogger("sst.plugins.backup")
_EXTENSIONS = "SELECT extname, quote_ident(extname) FROM pg_extension"
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname <> 'public' AND nspname !~ '^pg_'"
# pg_restore would fill the tables of extensions that their script has marked.
_CLOSED_TABLES = """
SELECT n.nspname, c.relname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE d.classid = CAST('pg_class' AS regclass) AND d.deptype = 'e'
   AND c.relkind IN ('r', 'p', 'S') AND NOT has_table_privilege(c.oid, 'INSERT')
"""
# Names in a body that was bound when it was made, or in a compiled one, are resolved already.
_FUNCTIONS = """
SELECT CAST(CAST(p.oid AS regprocedure) AS text)
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.oid >= 16384 AND p.prokind IN ('f', 'w') AND p.prosqlbody IS NULL
   AND l.lanname NOT IN ('c', 'internal') AND pg_has_role(current_user, p.proowner, 'USAGE')
   AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search\\_path=%')
"""
# The database's own event triggers are there when the paths are taken away; only a superuser can
# have made them.
_QUIET = """
SELECT set_config('session_replication_role', 'replica', false) FROM pg_roles
 WHERE rolname = current_user AND rolsuper
"""
# `2; 3079 16390 EXTENSION - hstore ` and `3398; 0 0 COMMENT - EXTENSION hstore `.
_ENTRY = re.compile(r"^\d+; \d+ \d+ (?P<entry>.*)$")


@contextlib.contextmanager
def entries_to_restore(
    target: DatabaseUrl, archive: Path, tools: Tools, deadline: Deadline
) -> Iterator[list[str]]:
    """Give pg_restore's arguments for *archive*, without the entries that *target* has already.

    These are extensions, the schemas they are in, and rows of extensions that this role may not
    write.

    Raises `ToolFailedError` and `psycopg2.Error`.
    """
    present = asked(target, _present, deadline)
    with entries_without(present, archive, tools, deadline) as arguments:
        yield arguments


@contextlib.contextmanager
def entries_without(
    beginnings: tuple[str, ...], archive: Path, tools: Tools, deadline: Deadline
) -> Iterator[list[str]]:
    """Give pg_restore's arguments for *archive*, without the entries that begin so.

    Each of *beginnings* is a kind of entry, a blank, and what else the entry is to have.

    Raises `ToolFailedError`.
    """
    command = [tools.pg_restore, "--list", str(archive)]
    listed = work(command, plain_environment(), deadline).splitlines()
    out = [line for line in listed if _starts(line, beginnings)]
    if out:
        _log.info("left out of the rebuild: %s", _shown(out))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as entries:
        entries.write("\n".join(line for line in listed if line not in out) + "\n")
        entries.flush()
        yield [f"--use-list={entries.name}"]


@contextlib.contextmanager
def functions_find(target: DatabaseUrl, search_path: str, deadline: Deadline) -> Iterator[None]:
    """Let functions look in *search_path* for the body; then they are as they were.

    pg_restore empties the path of its sessions; that of a function wins.
    A function that has a path, and one of another owner, keeps its own.

    Raises `psycopg2.Error`.
    """
    changed = asked(target, partial(_set_path, search_path), deadline)
    yield
    asked(target, partial(_alter, changed, sql.SQL("RESET search_path")), deadline)


def _present(session: Session) -> tuple[str, ...]:
    """Return the beginnings of the entries that *session*'s database has already."""
    found = []
    for name, quoted in session.fetch(_EXTENSIONS):
        found += [f"EXTENSION - {name} ", f"COMMENT - EXTENSION {quoted} "]
    found += [f"SCHEMA - {name} " for (name,) in session.fetch(_SCHEMAS)]
    for schema, name in session.fetch(_CLOSED_TABLES):
        found += [f"TABLE DATA {schema} {name} ", f"SEQUENCE SET {schema} {name} "]
    return tuple(found)


def _starts(line: str, beginnings: tuple[str, ...]) -> bool:
    found = _ENTRY.match(line)
    # Some have no owner at their end, and some pg_restore no blank there.
    return found is not None and f"{found['entry']} ".startswith(beginnings)


def _shown(lines: list[str]) -> str:
    return "; ".join(line.partition(" ")[2] for line in lines)


def _set_path(search_path: str, session: Session) -> list[str]:
    names = [str(row[0]) for row in session.fetch(_FUNCTIONS)]
    value = spelled("search_path", search_path)
    _alter(names, sql.SQL("SET search_path TO {}").format(value), session)
    return names


def _alter(functions: list[str], change: sql.Composable, session: Session) -> None:
    """Change all of *functions* in one trip, and in one transaction."""
    statements = [
        sql.SQL("ALTER FUNCTION {} {}").format(sql.SQL(name), change) for name in functions
    ]
    if statements:
        session.fetch(_QUIET)
        session.execute(sql.SQL("; ").join(statements))
