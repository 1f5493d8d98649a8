"""The server's message of an error, as far as it holds no data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import ProgrammingError

from sst.redaction.statements import without_literals
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_IN_A_FUNCTION = re.compile(r"^PL/pgSQL function .{1,200}? line \d+", re.MULTILINE)
_MORE = re.compile(r"and (\d+) other objects?\b")
# Their messages quote the value itself, which may be that of a row: `invalid input syntax for type
# integer: "..."`. The quotes are those of the server's language. PostgreSQL, src/backend/po.
_QUOTES_A_VALUE = frozenset({"22003", "22007", "22008", "22009", "22015", "22018", "22P02"})
_VALUE = re.compile(r"[\"«„»“].*[\"»“«”]|[\"«„»“].*", re.DOTALL)
_SYNTAX = "42601"
_TOKEN = re.compile(r"(?P<open>[\"«„»“])(?P<token>.+)(?P<close>[\"»“«”])", re.DOTALL)
_PLACES = ("table_name", "column_name", "constraint_name")


def sqlstate_of(error: BaseException) -> str | None:
    """Return the server's code for *error*; None when it is not the server's."""
    original = getattr(error, "orig", None) or error
    found = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return str(found) if found else None


def trying_again_is_vain(error: BaseException) -> bool:
    """Say whether *error* is a missing right, table or column, or a read-only server."""
    return isinstance(error, ProgrammingError) or sqlstate_of(error) == _READ_ONLY


def server_message(error: BaseException) -> str:
    """Return type, message, DETAIL, HINT and line of *error*, without what may quote a row.

    Where the DETAIL quotes one, the names of table, column and constraint stand for it.
    Of a long DETAIL there are the first lines, and how many more.
    """
    original = getattr(error, "orig", None) or error
    message = f"{type(original).__name__}: {_without_values(original)}"
    detail, hint = "; ".join(_detail(original, message)), server_hint(error)
    told = f"{message}: {detail}" if detail else message
    told = f"{told} (hint: {hint})" if hint else told
    line = _line_of_a_function(original)
    return f"{told} (in {line})" if line else told


def _without_values(original: object) -> str:
    """Return the first line of the message, with a `?` for a value that it quotes."""
    state = sqlstate_of(original)  # type: ignore[arg-type]
    whole = server_field(original, "message_primary", "message")
    if whole and state in _QUOTES_A_VALUE:
        return first_line(_VALUE.sub('"?"', whole))
    if whole and state == _SYNTAX:
        # Its last quotes are around a token of the statement, which may be a literal.
        return first_line(_TOKEN.sub(_masked_token, whole))
    return first_line(original, "no message")  # type: ignore[arg-type]


def _masked_token(quoted: re.Match[str]) -> str:
    return quoted["open"] + without_literals(quoted["token"]) + quoted["close"]


def server_detail(error: BaseException) -> str | None:
    """Return the DETAIL of *error*; where it quotes a row, the names of what the row is in.

    None when there is none.
    """
    return "; ".join(_detail(getattr(error, "orig", None) or error)) or None


def server_hint(error: BaseException) -> str | None:
    """Return the HINT of *error*; None when there is none, or when it may quote a row."""
    original = getattr(error, "orig", None) or error
    hint = " ".join((server_field(original, "message_hint", "hint") or "").split())
    is_ours = (sqlstate_of(original) or "XX")[:2] not in _HINT_IS_ANYBODYS
    return hint[:_LONGEST_LINE] if hint and is_ours and not _HOLDS_A_ROW.search(hint) else None


def _line_of_a_function(original: object) -> str | None:
    """Return function and line of PL/pgSQL; the statement behind them may quote a row."""
    found = _IN_A_FUNCTION.search(server_field(original, "context") or "")
    return found[0] if found else None


def _detail(original: object, message: str = "") -> Iterator[str]:
    detail = server_field(original, "message_detail", "detail") or ""
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
    schema = server_field(original, "schema_name")
    for key in _PLACES:
        name = server_field(original, key)
        # Also when it is a part of another name, as it is in that of a constraint.
        if name and not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message):
            where = f"{schema}." if schema and key == "table_name" else ""
            yield f"{key.removesuffix('_name')} {where}{name}"


def server_field(original: object, of_libpq: str, of_asyncpg: str = "") -> str | None:
    """Return one field of the server's message, from whatever driver; it may quote a row."""
    for each in (original, getattr(original, "__cause__", None)):
        diagnostics: Any = getattr(each, "diag", None)
        found = getattr(diagnostics, of_libpq, None) or getattr(each, of_asyncpg or of_libpq, None)
        if isinstance(found, str) and found:
            return found
    return None
