"""The server's message of an error, as far as it holds no data, and the advice for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import ProgrammingError

from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READ_ONLY = "25006"
_SHOWN_LINES = 5
_LONGEST_LINE = 300
# Classes whose DETAIL names objects, settings or processes. That of class 22 and 23 quotes rows,
# and so may what a function raises itself (P0). PostgreSQL manual, appendix A.
_DETAIL_NAMES_OBJECTS = frozenset(
    {"08", "0A", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"}
)
_HINT_IS_ANYBODYS = frozenset({"P0", "XX"})
_HOLDS_A_ROW = re.compile(r"\)=\(|Failing row|row contains|\bvalue\b.*\bis\b", re.IGNORECASE)
_MORE = re.compile(r"and (\d+) other objects?\b")
_PLACES = ("schema_name", "table_name", "column_name", "constraint_name")

ADVICE: Mapping[str, str] = {
    "0A000": "this server cannot do that: correct the revision for its version",
    "08": "see whether the server is up and can be reached",
    "22": "correct the data or the revision",
    "23": "correct the rows that are in the way, or the revision",
    "25001": "put the statement into `with op.get_context().autocommit_block():`",
    "25006": "the server or the role is read-only (a standby, or default_transaction_read_only): "
    "let MIGRATION_DATABASE_URL go to the primary with a role that may write",
    "25P03": "the session was ended by idle_in_transaction_session_timeout: set it to 0 for the "
    "connection of the migration",
    "25P04": "the session was ended by transaction_timeout: set it to 0 for the role",
    "28": "correct user and password, or pg_hba.conf",
    "2BP01": "drop first what depends on it, in a revision of its own or before it in this one",
    "3D000": "create the database, or correct its name",
    "42501": "give the role the right that it names",
    "53100": "make room on the server's disk",
    "53200": "the server is out of memory: lower work_mem, or give it more",
    "53300": "let sessions end, or raise max_connections",
    "53400": "raise the limit that it names",
    "55006": "let the sessions that use it end",
    "55P04": "a new label of an enum can be used only after it is committed: add it in a revision "
    "of its own before, or in `with op.get_context().autocommit_block():`",
    "57014": "somebody cancelled the statement, or a timeout did: see migrate.statement_timeout",
    "57P01": "the server was stopped, or somebody ended the session: see that it is up",
    "57P02": "the server has crashed: see its log, and that it is up",
    "57P03": "the server is starting or stopping: wait until it takes connections",
    "57P04": "the database was dropped",
    "57P05": "the session was ended by idle_session_timeout: set it to 0 for the role",
    "58": "see the server's log and its disk",
    "XX001": "a table or an index is damaged: see the server's log before anything else",
    "XX002": "an index is damaged: REINDEX it",
}
"""The advice by SQLSTATE, else by its class; what is not listed is for the revision's author."""

# What the server says of a missing right, and the grant that gives it.
_RIGHTS = (
    (r"permission denied for schema (?P<name>\S+)", "grant create on schema {name} to {role}"),
    (r"permission denied for database (?P<name>\S+)", "grant create on database {name} to {role}"),
    (
        r"permission denied for (?P<kind>table|sequence|view) (?P<name>\S+)",
        "grant all on {name} to {role}",
    ),
    (
        r"permission denied for (?P<kind>function|language|type|tablespace) (?P<name>\S+)",
        "grant all on {kind} {name} to {role}",
    ),
)
_OWNER = re.compile(r"must be owner of (?P<what>.+)")
_EXTENSION = re.compile(r"permission denied to create extension (?P<name>\S+)")


def sqlstate_of(error: BaseException) -> str | None:
    """Return the server's code for *error*; None when it is not the server's."""
    original = getattr(error, "orig", None) or error
    found = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return str(found) if found else None


def trying_again_is_vain(error: BaseException) -> bool:
    """Say whether *error* is a missing right, table or column, or a read-only server."""
    return isinstance(error, ProgrammingError) or sqlstate_of(error) == _READ_ONLY


def server_message(error: BaseException) -> str:
    """Return type, message, DETAIL and HINT of *error*, without what may quote a row.

    Where the DETAIL quotes one, the names of table, column and constraint stand for it.
    Of a long DETAIL there are the first lines, and how many more.
    """
    original = getattr(error, "orig", None) or error
    message = f"{type(original).__name__}: {first_line(original, 'no message')}"
    detail, hint = "; ".join(_detail(original, message)), server_hint(error)
    told = f"{message}: {detail}" if detail else message
    return f"{told} (hint: {hint})" if hint else told


def server_detail(error: BaseException) -> str | None:
    """Return the DETAIL of *error*; where it quotes a row, the names of what the row is in.

    None when there is none.
    """
    return "; ".join(_detail(getattr(error, "orig", None) or error)) or None


def server_hint(error: BaseException) -> str | None:
    """Return the HINT of *error*; None when there is none, or when it may quote a row."""
    original = getattr(error, "orig", None) or error
    hint = " ".join((_field(original, "message_hint", "hint") or "").split())
    is_ours = (sqlstate_of(original) or "XX")[:2] not in _HINT_IS_ANYBODYS
    return hint[:_LONGEST_LINE] if hint and is_ours and not _HOLDS_A_ROW.search(hint) else None


def advice_for(error: BaseException, role: str = "ROLE") -> str | None:
    """Return what to do about *error*; None when it says nothing but that the revision is wrong.

    *role* is whom a missing right is to be given to.
    """
    original = getattr(error, "orig", None) or error
    state = sqlstate_of(original) or ""
    if state == "42501":
        return _missing_right(first_line(original), role)
    return ADVICE.get(state) or ADVICE.get(state[:2])


def _missing_right(message: str, role: str) -> str:
    for pattern, grant in _RIGHTS:
        if match := re.search(pattern, message):
            names = match.groupdict() | {"role": _identifier(role)}
            return f"let its owner run `{grant.format(**names)}`"
    if match := _OWNER.search(message):
        return f"migrate with the role that owns {match['what']}, or make {role} a member of it"
    if match := _EXTENSION.search(message):
        return f"let a superuser run `create extension {match['name']}` before"
    return ADVICE["42501"]


def _identifier(name: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_$]*|ROLE", name):
        return name
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _detail(original: object, message: str = "") -> Iterator[str]:
    detail = _field(original, "message_detail", "detail") or ""
    lines = [" ".join(line.split()) for line in detail.splitlines() if line.strip()]
    state = sqlstate_of(original) or ""  # type: ignore[arg-type]
    if state[:2] not in _DETAIL_NAMES_OBJECTS or any(map(_HOLDS_A_ROW.search, lines)):
        yield from _names(original, message)
        return
    yield from (line[:_LONGEST_LINE] for line in lines[:_SHOWN_LINES])
    left = lines[_SHOWN_LINES:]
    if left:
        counted = [_MORE.match(line) for line in left]
        yield f"and {sum(int(found[1]) if found else 1 for found in counted)} more"


def _names(original: object, message: str) -> Iterator[str]:
    for key in _PLACES:
        name = _field(original, key, key)
        if name and name not in message:
            yield f"{key.removesuffix('_name')} {name}"


def _field(original: object, of_libpq: str, of_asyncpg: str) -> str | None:
    """Return one field of the server's message, from whatever driver."""
    for each in (original, getattr(original, "__cause__", None)):
        diagnostics: Any = getattr(each, "diag", None)
        found = getattr(diagnostics, of_libpq, None) or getattr(each, of_asyncpg, None)
        if isinstance(found, str) and found:
            return found
    return None
