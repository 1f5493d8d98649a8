"""A database that is closed to connections: what the server around it says, and how it is opened.

A restore closes two databases while they change names. The one that is to be the live one carries
a note meanwhile, the first line of its comment: `sst-swap {...}`, with the live database's name,
the run, the time and the server process. Both are open again and the note is gone in the moment
in which the names have changed; what is left of it is a swap that died.
"""

from __future__ import annotations

import json
import re
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql

from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

    from sst.db.url import DatabaseUrl

_PLACES = ("postgres", "template1")
_SECONDS = 5
_STATE = """
SELECT datallowconn, datconnlimit FROM pg_database WHERE datname = %s
"""
# A name is no proof: it must belong to whom the live one belongs to, to this role, or to a
# superuser.
_CLOSED = """
SELECT s.datname, coalesce(shobj_description(s.oid, 'pg_database'), '')
  FROM pg_database s JOIN pg_database d ON d.datname = %s JOIN pg_roles r ON r.oid = s.datdba
 WHERE s.oid <> d.oid AND NOT s.datallowconn
   AND (r.rolsuper OR r.rolname = current_user OR s.datdba = d.datdba)
 ORDER BY s.datname
"""
_REPLACED = """
SELECT s.datname FROM pg_database s WHERE s.datname ~ %s ORDER BY s.datname DESC LIMIT 1
"""
_SWAPPING = """
SELECT pid FROM pg_stat_activity
 WHERE application_name = 'sst-backup' AND pid <> pg_backend_pid()
   AND (pid = %s OR state = 'active' AND query LIKE '%%$swap$%%')
"""
_NOTE = re.compile(r"\Asst-swap (\{[^\n]*\})\n?")
_OTHER = r"_(restore_[0-9a-z]{1,8}|before_\d{8}T\d{6}Z)$"
_KEPT = r"_before_\d{8}T\d{6}Z$"
_NO_LIMIT, _INVALID = -1, -2


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a database is closed to connections, in the three lines of an error."""

    what: str
    why: str
    next_step: str
    dead_swap: tuple[str, ...] = ()
    """The databases to open, where a restore's swap that died has closed them; see `reopen`."""


def find_closed(url: DatabaseUrl) -> Closed | None:
    """Return why the database of *url* is closed to connections; None when it is not closed.

    The server is asked through its maintenance database; one that cannot be asked knows nothing.
    """
    with suppress(psycopg2.Error), closing(_connect(url)) as connection:
        found = _rows(connection, _STATE, url.name)
        return _judged(connection, url.name, *found[0]) if found else None
    return None


def find_replaced(url: DatabaseUrl) -> str | None:
    """Return the newest database that a restore has kept under the name of *url*, if any."""
    with suppress(psycopg2.Error), closing(_connect(url)) as connection:
        found = _rows(connection, _REPLACED, f"^{re.escape(url.name)}{_KEPT}")
        return str(found[0][0]) if found else None
    return None


def reopen(url: DatabaseUrl, names: tuple[str, ...]) -> str:
    """Let connections into the databases *names* again; return why not, empty when it is done."""
    try:
        with closing(_connect(url)) as connection, connection.cursor() as cursor:
            for name in names:
                _open(cursor, name)
    except psycopg2.Error as error:
        return first_line(url.redact(str(error)), type(error).__name__)
    return ""


def _open(cursor: Any, name: str) -> None:  # noqa: ANN401 - the driver has no types
    identifier = sql.Identifier(name)
    question = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    cursor.execute(question, (name,))
    [(comment,)] = cursor.fetchall()
    if comment and _NOTE.search(comment):
        rest = sql.Literal(_NOTE.sub("", comment) or None)
        cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(identifier, rest))
    cursor.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(identifier))


def _judged(connection: Connection, name: str, is_open: bool, limit: int) -> Closed | None:  # noqa: FBT001 - a row
    quoted = '"' + name.replace('"', '""') + '"'
    if limit == _INVALID:
        return Closed(
            f"The database {name} is invalid.",
            "its DROP DATABASE was interrupted: what is left of it cannot be used",
            f"DROP DATABASE {quoted}, then `python migrate.py restore latest`",
        )
    if is_open:
        return _limited(name, quoted) if limit == 0 else None
    for other, note in _swaps(connection, name):
        return _swapped(connection, name, other, note)
    return Closed(
        f"The database {name} is closed to connections.",
        "its ALLOW_CONNECTIONS is false, and no swap of a restore has left it so",
        f"when nobody keeps it closed on purpose: ALTER DATABASE {quoted} ALLOW_CONNECTIONS true",
    )


def _limited(name: str, quoted: str) -> Closed:
    return Closed(
        f"The database {name} is closed to connections.",
        "its CONNECTION LIMIT is 0: only superusers get in",
        f"when nobody keeps it closed on purpose: ALTER DATABASE {quoted} CONNECTION LIMIT"
        f" {_NO_LIMIT}",
    )


def _swaps(connection: Connection, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the closed databases that a swap would have put in the place of *name*, and notes."""
    for other, comment in _rows(connection, _CLOSED, name):
        note = _note(comment)
        if note.get("database") == name:
            yield other, note
        elif not note and re.fullmatch(re.escape(name) + _OTHER, other):
            # Older images leave no note.
            yield other, {"run": other.rpartition("_restore_")[2]} if "_restore_" in other else {}


def _note(comment: str) -> dict[str, Any]:
    found = _NOTE.search(comment)
    with suppress(ValueError):
        values = json.loads(found[1]) if found else {}
        return values if isinstance(values, dict) else {}
    return {}


def _swapped(connection: Connection, name: str, other: str, note: dict[str, Any]) -> Closed:
    run, since = note.get("run") or "unknown", note.get("since") or "a time that is not known"
    story = f"the swap of {name} and {other}, of the run {run}, began at {since}"
    working = _rows(connection, _SWAPPING, note.get("pid") or 0)
    if working:
        return Closed(
            f"The database {name} is closed to connections: a restore is swapping it.",
            f"{story}; the server process {working[0][0]} waits until every session has ended",
            "try again in some seconds; if it hangs: SELECT"
            f" pg_terminate_backend({working[0][0]}), then `python migrate.py repair`",
        )
    if "database" not in note:
        # A name is no proof: somebody else may have made the other one, and keep it closed.
        return Closed(
            f"The database {name} is closed to connections: the swap of a restore has died.",
            f"{other} is closed as well, and has the name of a database that an older image swaps;"
            f" {name} is as it was before",
            f"open {name} with `python migrate.py repair` when nobody keeps it closed on purpose",
            dead_swap=(name,),
        )
    return Closed(
        f"The database {name} is closed to connections: the swap of a restore has died.",
        f"{story}, and its server process is gone; {name} is as it was before",
        "open it with `python migrate.py repair`, or run `python migrate.py restore` again",
        dead_swap=(name, other),
    )


def _rows(connection: Connection, question: str, value: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, (value,))
        return list(cursor.fetchall())


def _connect(url: DatabaseUrl) -> Connection:
    """Connect to a maintenance database of the server; raises `psycopg2.Error`."""
    try:
        return _connect_to(url.with_database(_PLACES[0]))
    except psycopg2.OperationalError:
        return _connect_to(url.with_database(_PLACES[1]))


def _connect_to(url: DatabaseUrl) -> Connection:
    named = url.for_connect(application_name="sst-inspect", connect_timeout=_SECONDS)
    connection: Connection = psycopg2.connect(**named)
    connection.autocommit = True
    with connection.cursor() as cursor:
        # In the maintenance database, too, others may have made functions.
        cursor.execute("SET search_path = pg_catalog")
        cursor.execute(f"SET statement_timeout = '{_SECONDS}s'")
    return connection
