"""A database and its statements, in the names of the semantic conventions for databases.

Source: OpenTelemetry semantic conventions, "Database client calls" (stable) and "PostgreSQL".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.tracing.spans import Attributes

_PORT = "5432"
_LONGEST_SUMMARY = 255

# After these words comes the kind of thing that the statement is about.
_ON_THINGS = frozenset({"create", "alter", "drop", "comment", "refresh", "reindex", "grant"})
_SKIPPED = frozenset(
    {"or", "replace", "if", "not", "exists", "unique", "concurrently", "temporary", "temp"}
    | {"unlogged", "global", "local", "only", "recursive", "into", "from", "on", "materialized"}
)
_THINGS = frozenset(
    {"table", "index", "view", "sequence", "type", "function", "procedure", "trigger", "schema"}
    | {"extension", "role", "user", "domain", "column", "constraint", "policy", "rule", "database"}
    | {"server", "publication", "subscription", "statistics", "aggregate", "collation", "cast"}
)
_WORD = re.compile(r'"(?:[^"]|"")*"(?:\."(?:[^"]|"")*")?|[^\W\d][\w$.]*|;|\(')


class Place(Protocol):
    """Where a database is."""

    @property
    def name(self) -> str:
        """The database."""

    @property
    def host(self) -> str:
        """Host, or the folder of the socket; several with commas."""

    def libpq_environment(self) -> Mapping[str, str]:
        """Return PGPORT and the like."""


def database_attributes(place: Place) -> Attributes:
    """Return what names the database at *place*; of several hosts none is named."""
    variables = place.libpq_environment()
    is_one = "," not in place.host
    port = variables.get("PGPORT", _PORT)
    return {
        "db.system.name": "postgresql",
        "db.namespace": place.name,
        "server.address": place.host or None if is_one else None,
        "server.port": int(port) if is_one and place.host and port.isdecimal() else None,
    }


class Summary(NamedTuple):
    """A statement in a few words."""

    operation: str
    """`ALTER TABLE`, `INSERT`."""
    text: str
    """`ALTER TABLE worker`: the name of the span."""


def summary_of(statement: str) -> Summary:
    """Return *statement*, whose literals are masked, in a few words; of several the first."""
    words = []
    for match in _WORD.finditer(statement):
        if match[0] not in (";", "("):
            words.append(match[0])
        elif words:
            break
    if not words:
        return Summary("", "statement")
    operation, rest = [words[0].upper()], words[1:]
    rest = [word for word in rest if word.lower() not in _SKIPPED]
    if words[0].lower() in _ON_THINGS and rest and rest[0].lower() in _THINGS:
        operation.append(rest.pop(0).upper())
    name = " ".join(operation)
    about = _about(words[0].lower(), statement, rest)
    return Summary(name, f"{name} {about}".strip()[:_LONGEST_SUMMARY])


def _about(verb: str, statement: str, rest: list[str]) -> str:
    """Return the first name that the statement is about; nothing where its form does not say."""
    if verb in ("select", "with"):
        found = re.search(r"\bfrom\s+([\w$.\"]+)", statement, re.IGNORECASE)
        return found[1] if found else ""
    return rest[0] if rest and verb not in ("do", "set", "reset", "show") else ""
