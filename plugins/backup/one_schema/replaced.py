"""The schemas that restores have replaced: their names, and the mark without which none is ours.

As for databases a name is no proof: the mark is the last line of the schema's comment, with the
schema's own number and name, and the schema belongs to the owner of the live one, to the role of
migrations or to a superuser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from psycopg2 import sql

from ..restore.database_names import ReplacedDatabase, moment_in, replaced_name, stem_of
from .outside import dependents_of

if TYPE_CHECKING:
    from ..postgres.database_session import Session

_FORM = "[sst-platform may drop this schema: {oid} {name}]"
_LINE = re.compile(r"(?:\n|\A)\[sst-platform may drop this schema: \d+ .*\]\Z", re.DOTALL)
_SCHEMA = """
SELECT n.oid, obj_description(n.oid, 'pg_namespace') FROM pg_namespace n
 WHERE n.nspname = %(name)s
"""
_FAMILY = """
SELECT n.nspname, n.oid, obj_description(n.oid, 'pg_namespace'),
       (SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bigint) FROM pg_class c
         WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'm')),
       r.rolsuper OR r.rolname = current_user
         OR r.oid = (SELECT l.nspowner FROM pg_namespace l WHERE l.nspname = %(live)s)
  FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
 WHERE n.nspname ~ %(pattern)s ORDER BY n.nspname DESC
"""
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'"


@dataclass(frozen=True, slots=True)
class Family:
    """The schemas beside a live one that have the name of a replaced one, the newest first."""

    replaced: tuple[ReplacedDatabase, ...]
    unmarked: tuple[str, ...]
    """Those that are not ours."""


def family_of(session: Session, live: str) -> Family:
    """Return the schemas that were *live* before, and those that only have such a name."""
    pattern = rf"^{re.escape(stem_of(live))}_before_\d{{8}}T\d{{6}}Z$"
    replaced, unmarked = [], []
    for name, oid, comment, size, is_trusted in session.fetch(
        _FAMILY, {"live": live, "pattern": pattern}
    ):
        until = moment_in(name)
        if until and is_trusted and (comment or "").endswith(_FORM.format(oid=oid, name=name)):
            replaced.append(ReplacedDatabase(name, until, size))
        else:
            unmarked.append(str(name))
    return Family(tuple(replaced), tuple(unmarked))


def free_name(session: Session, live: str) -> str:
    """Return the name of a schema that is replaced now, or in the first free second from now."""
    until = datetime.now(UTC)
    while session.fetch(_SCHEMA, {"name": replaced_name(live, until)}):
        until += timedelta(seconds=1)
    return replaced_name(live, until)


def set_aside(session: Session, live: str, name: str) -> None:
    """Give the schema *live* the *name* of a replaced one, and our mark."""
    [(oid, comment)] = session.fetch(_SCHEMA, {"name": live})
    _rename(session, live, name)
    mark = _FORM.format(oid=oid, name=name)
    _comment(session, name, "\n".join(filter(None, [_stripped(comment), mark])))


def put_back(session: Session, name: str, live: str) -> None:
    """Give the replaced schema *name* the name *live* again; the mark goes."""
    [(_, comment)] = session.fetch(_SCHEMA, {"name": name})
    _rename(session, name, live)
    _comment(session, live, _stripped(comment) or None)


def drop(session: Session, name: str) -> str:
    """Drop the replaced schema *name*; return what outside of it keeps it, or nothing.

    Raises `psycopg2.Error`.
    """
    session.execute("BEGIN")
    try:
        session.execute(_LOCK_TIMEOUT)
        found = dependents_of(session, name)
        if not found:
            session.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
        session.execute("COMMIT")
    except BaseException:
        session.execute("ROLLBACK")
        raise
    return ", ".join(found)


def left_alone(name: str) -> str:
    """Return the warning about the schema *name*, which looks like ours and is not."""
    return (
        f"the schema {name} is left alone: it has the name of one of ours and not our mark;"
        " rename it, or drop it yourself when nobody needs it"
    )


def _rename(session: Session, name: str, to: str) -> None:
    statement = sql.SQL("ALTER SCHEMA {} RENAME TO {}")
    session.execute(statement.format(sql.Identifier(name), sql.Identifier(to)))


def _comment(session: Session, name: str, text: str | None) -> None:
    statement = sql.SQL("COMMENT ON SCHEMA {} IS {}")
    session.execute(statement.format(sql.Identifier(name), sql.Literal(text)))


def _stripped(comment: str | None) -> str:
    return _LINE.sub("", comment or "")
