"""The settings that sessions of a database begin with, taken over by its copy.

`timestamp` to `timestamptz` rewrites no table where TimeZone is UTC, and rewrites it elsewhere:
what a statement does depends on them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from ..postgres.name_properties import spelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..postgres.database_session import Session

# These may come from postgresql.conf, and our own sessions set a search path: the value before.
_BEGINNING = """
SELECT name, reset_val FROM pg_settings
 WHERE name IN ('TimeZone', 'DateStyle', 'IntervalStyle', 'search_path')
"""
# The later ones win; manual, "ALTER ROLE".
_CHOSEN = """
SELECT unnest(s.setconfig) FROM pg_db_role_setting s
 WHERE s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
   AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
 ORDER BY s.setrole <> 0, s.setdatabase <> 0
"""


def settings_of(session: Session) -> dict[str, str]:
    """Return the values of the settings of the role and of the database of *session*."""
    chosen = dict(str(row[0]).split("=", 1) for row in session.fetch(_CHOSEN))
    return chosen | {str(name): str(value) for name, value in session.fetch(_BEGINNING)}


def apply_settings(session: Session, name: str, settings: Mapping[str, str]) -> None:
    """Let the sessions of this role in the database *name* begin with *settings*.

    One that this role may not set, or that the server does not know, is left as it is.
    """
    # Sessions begin with the settings of the role that logs in, also where they go on as another.
    session.execute("SET ROLE NONE")
    statement = "ALTER ROLE CURRENT_USER IN DATABASE {} SET {} TO {}"
    for variable, value in settings.items():
        identifier = sql.Identifier(*variable.split("."))
        with contextlib.suppress(psycopg2.Error):
            session.execute(
                sql.SQL(statement).format(
                    sql.Identifier(name), identifier, spelled(variable, value)
                )
            )
