"""The mark of the databases that we have made: none without it is dropped, or swapped in.

A name is no proof: anybody may call a database `shop_restore_drill`. The mark is the last line of
the database's comment. It holds the database's number and name, so it counts for nothing on a
copy, on a database restored from a dump, and on one that somebody has renamed to keep it.

A database that does not exist cannot have a comment. Until then its mark is its connection limit,
a number made from its name, which CREATE DATABASE gives it in the same moment.
"""

from __future__ import annotations

import logging
import re
import zlib
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg2 import sql

_log = logging.getLogger("sst.plugins.backup")

_FORM = "[sst-platform may drop this database: {oid} {name}]"
_LINE = re.compile(r"(?:\n|\A)\[sst-platform may drop this database: \d+ .*\]\Z", re.DOTALL)
# No one asks for a thousand million connections; PostgreSQL takes up to 2^31 - 1.
_LOWEST_LIMIT = 2**30
_FOUND = """
SELECT d.datname, d.oid, d.datconnlimit, shobj_description(d.oid, 'pg_database')
  FROM pg_catalog.pg_database d WHERE d.datname {} {} ORDER BY d.datname
"""


class Connection(Protocol):
    """The common part of a `Server` and a `Session`."""

    def execute(self, statement: sql.Composable, /) -> None:
        """Run *statement*; raise `psycopg2.Error` when it fails."""

    def fetch(self, question: sql.Composable, /) -> list[tuple[Any, ...]]:
        """Return the rows of *question*; raise `psycopg2.Error` when it fails."""


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    oid: int
    limit: int
    comment: str | None

    @property
    def is_ours(self) -> bool:
        is_marked = (self.comment or "").endswith(_FORM.format(oid=self.oid, name=self.name))
        return is_marked or self.limit == _birth_limit(self.name)


def born_with(name: str) -> sql.Composed:
    """Return the option of CREATE DATABASE that marks *name* from its first moment on."""
    return sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(_birth_limit(name)))


def put(server: Connection, name: str, *, later: str = "") -> None:
    """Mark the database *name*; with *later* the mark counts once it has that name.

    Raises `psycopg2.Error` when the role may not.
    """
    [found] = _look(server, name)
    _comment(server, name, strip(found.comment), _FORM.format(oid=found.oid, name=later or name))
    if found.limit == _birth_limit(name):
        statement = "ALTER DATABASE {} CONNECTION LIMIT -1"
        server.execute(sql.SQL(statement).format(sql.Identifier(name)))


def remove(server: Connection, name: str) -> None:
    """Take every mark from the database *name*, also one that does not count; it may be gone."""
    for found in _look(server, name):
        if strip(found.comment) != found.comment:
            _comment(server, name, strip(found.comment))


def comment_on(server: Connection, name: str, text: str | None) -> None:
    """Give the database *name* the comment *text*, and leave it its mark."""
    [found] = _look(server, name)
    mark = _LINE.search(found.comment or "")
    _comment(server, name, text, mark.group().lstrip("\n") if mark else "")


def strip(comment: str | None) -> str | None:
    """Return *comment* as somebody has written it; None when nobody has."""
    return _LINE.sub("", comment or "") or None


def ours(server: Connection, pattern: str) -> tuple[list[str], list[str]]:
    """Return the databases that match *pattern*, by name: those with our mark, and the others."""
    found = _found(server, "~", pattern)
    return [one.name for one in found if one.is_ours], [
        one.name for one in found if not one.is_ours
    ]


def drop(server: Connection, name: str) -> bool:
    """Drop the database *name*, and end the sessions that linger in it, when it has our mark.

    One that has none is left, with a warning. Returns whether there is none of that name now.
    """
    found = _look(server, name)
    if found and not found[0].is_ours:
        warn_of(found[0].name)
        return False
    statement = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
    server.execute(sql.SQL(statement).format(sql.Identifier(name)))
    return True


def warn_of(*unmarked: str) -> None:
    """Name databases that look like ours and are not."""
    for name in unmarked:
        _log.warning("%s", left_alone(name))


def left_alone(name: str) -> str:
    """Return the warning about the database *name*, which looks like ours and is not."""
    return (
        f"the database {name} is left alone: it has the name of one of ours and not our mark;"
        " rename it, or drop it yourself when nobody needs it"
    )


def _look(server: Connection, name: str) -> list[_Found]:
    return _found(server, "=", name)


def _found(server: Connection, operator: str, wanted: str) -> list[_Found]:
    question = sql.SQL(_FOUND).format(sql.SQL(operator), sql.Literal(wanted))
    return [_Found(*row) for row in server.fetch(question)]


def _comment(server: Connection, name: str, text: str | None, mark: str = "") -> None:
    whole = "\n".join(filter(None, [text, mark]))
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
    server.execute(statement.format(sql.Identifier(name), sql.Literal(whole or None)))


def _birth_limit(name: str) -> int:
    return _LOWEST_LIMIT + zlib.crc32(f"sst-platform {name}".encode()) % (_LOWEST_LIMIT - 1)
