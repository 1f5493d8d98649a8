"""The advice for an error of the server: something to paste, or to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.db.rows_in_the_way import rows_in_the_way
from sst.db.server_errors import sqlstate_of
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "0A000": "this server does not do what it says: write the revision without it",
    "08": "see whether the server is up and can be reached",
    "22": "correct the data or the revision",
    "22P02": "correct the data or the revision; the server's log has the value",
    "23": "correct the rows that are in the way, or the revision",
    "25001": "put the statement into `with op.get_context().autocommit_block():`",
    "25006": "the server or the role is read-only (a standby, where `select pg_is_in_recovery()` "
    "is true, or default_transaction_read_only): let MIGRATION_DATABASE_URL go to the primary "
    "with a role that may write",
    "25P02": "a statement before has failed, and the revision went on: put what may fail into "
    "`with op.get_bind().begin_nested():`",
    "25P03": "the session was ended by idle_in_transaction_session_timeout: "
    "`alter role {role} set idle_in_transaction_session_timeout = 0`",
    "25P04": "the session was ended by transaction_timeout: "
    "`alter role {role} set transaction_timeout = 0`",
    "28": "correct user and password, or pg_hba.conf",
    "2BP01": "drop first what depends on it, in a revision of its own or before it in this one",
    "3D000": "create the database, or correct its name",
    "3F000": "create the schema in a revision before, or correct its name",
    "40": "another session was in the way: run it when that has ended",
    "42501": "give {role} the right that it names",
    "53100": "make room on the server's disk",
    "53200": "the server is out of memory: lower work_mem, or give it more",
    "53300": "let sessions end (`select usename, application_name, state, count(*) from "
    "pg_stat_activity group by 1, 2, 3` shows whose), or raise max_connections",
    "53400": "raise the limit that it names",
    "55006": "let the sessions that use it end",
    "55P04": "a new label of an enum can be used only after it is committed: add it in a revision "
    "of its own before, or in `with op.get_context().autocommit_block():`",
    "57014": "somebody cancelled the statement: the server's log says when, and pg_stat_activity "
    "who is there",
    "57P01": "the server was stopped, or somebody ended the session: see that it is up",
    "57P02": "the server has crashed: see its log, and that it is up",
    "57P03": "the server is starting or stopping: `python migrate.py wait --for database` waits",
    "57P04": "the database was dropped",
    "57P05": "the session was ended by idle_session_timeout: "
    "`alter role {role} set idle_session_timeout = 0`",
    "58": "see the server's log and its disk",
    "XX001": "a table or an index is damaged: see the server's log before anything else",
    "XX002": "an index is damaged: REINDEX it",
}
"""The advice by SQLSTATE, else by its class; what is not listed is for the revision's author."""

# libpq does not say why the server has ended a session that was idle.
_ENDED = (
    "see the server's log for why it ended the session: a restart, a crash, or a timeout of the "
    "role, which `alter role {role} set idle_in_transaction_session_timeout = 0` takes away; "
    "idle_session_timeout and transaction_timeout are others"
)
_THERE_ALREADY = (
    "it is there already, made by hand or by another tool: see what it is, then drop it, or take "
    "it out of the revision"
)
IN_A_REVISION: Mapping[str, str] = {
    "42703": "the column has another name, or a later revision makes it: correct the revision, or "
    "its down_revision",
    "42704": "it has another name in this database, or is not there: `\\d TABLE` in psql shows "
    "the names of constraints and indexes",
    "42804": "say how the values become the other type: postgresql_using='COLUMN::TYPE' in "
    "op.alter_column",
    "42830": "make the columns that it refers to unique in a revision before",
    "42883": "the function has other arguments, or comes with an extension: `create extension` in "
    "a revision before",
    "42P01": "the table has another name, a later revision makes it, or it is in a schema that "
    "search_path (`show search_path`) leaves out: correct the revision, its down_revision, or "
    "name the schema",
    "42P06": _THERE_ALREADY,
    "42P07": _THERE_ALREADY,
    "42701": _THERE_ALREADY,
    "42710": _THERE_ALREADY,
    "42723": _THERE_ALREADY,
}
"""Beside those, what only a revision can meet."""

# One SQLSTATE with several causes, told apart by the message; the first that fits counts.
_BY_MESSAGE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "0A000": (
        (
            r"used (?:by a view or rule|in a trigger|by a generated column|in a policy)",
            "drop what uses the column before, and create it again after, in the same revision",
        ),
    ),
    "42704": (
        (
            r"^role \"(?P<name>[^\"]+)",
            "let a superuser run `create role {name}` before, or correct its name",
        ),
        (
            r"^(?:type|operator class|collation|text search configuration) \"",
            "create it, or its extension, in a revision before; or correct its name",
        ),
        (
            r"^(?:foreign-data wrapper|server|extension) \"",
            "create it in a revision before, or correct its name",
        ),
    ),
    "53300": (
        (
            r"for role \"?(?P<name>[^\"]+)",
            "let sessions of {name} end, or `alter role {name} connection limit -1`",
        ),
        (
            r"for database \"?(?P<name>[^\"]+)",
            "let sessions of {name} end, or `alter database {name} connection limit -1`",
        ),
    ),
    "55006": (
        (
            r"pending trigger events",
            (
                "write rows and alter the table in two revisions, or run "
                "`set constraints all immediate` between the two"
            ),
        ),
        (
            r"is being accessed by other users",
            (
                "let the sessions in it end (`select pid, usename, application_name from "
                "pg_stat_activity` shows them)"
            ),
        ),
    ),
    "57014": (
        (
            r"statement timeout",
            (
                "it took longer than migrate.statement_timeout, or than the revision's own SET: "
                "raise it (`--set migrate.statement_timeout=0` is no limit), or split the "
                "statement"
            ),
        ),
    ),
}

# What the server says of a missing right, and what gives it.
_RIGHTS = (
    (
        r"permission denied for (?:schema|table) migrator(?:\.|$)",
        (
            "run it as the role that migrates (MIGRATION_DATABASE_URL), or let that one run "
            "`grant usage on schema migrator to {role}; "
            "grant all on all tables in schema migrator to {role}`"
        ),
    ),
    (
        r"permission denied for schema public$",
        "let its owner run `grant create on schema public to {role}`",
    ),
    (
        r"permission denied for schema (?P<name>.+)",
        "let its owner run `grant usage, create on schema {name} to {role}`",
    ),
    (
        r"permission denied for database (?P<name>.+)",
        "let its owner run `grant create on database {name} to {role}`",
    ),
    (
        (
            r"permission denied for (?:table|sequence|view|materialized view|foreign table) "
            r"(?P<raw>.+)"
        ),
        "let its owner run `grant all on {raw} to {role}`",
    ),
    (
        (
            r"permission denied for (?P<kind>function|procedure|language|type|tablespace|"
            r"foreign server|foreign-data wrapper) (?P<raw>.+)"
        ),
        "let its owner run `grant all on {kind} {raw} to {role}`",
    ),
    (
        r"permission denied to set parameter \"(?P<raw>[^\"]+)",
        "let a superuser run `grant set on parameter {raw} to {role}` (PostgreSQL 15 or newer)",
    ),
    (
        (
            r"permission denied to set role \"(?P<name>[^\"]+)|"
            r"must be (?:member of|able to SET ROLE) \"(?P<other>[^\"]+)"
        ),
        "let a superuser run `grant {name} to {role}`",
    ),
    (
        r"permission denied to create extension (?P<raw>\S+)",
        "let a superuser run `create extension {raw}` before",
    ),
    (
        r"permission denied to create role",
        "let a superuser run `alter role {role} createrole`",
    ),
    (
        r"must be owner of (?P<raw>.+)",
        (
            "migrate with the role that owns {raw}, or make {role} a member of it "
            "(`grant OWNER to {role}`)"
        ),
    ),
    (
        r"must be superuser",
        "let a superuser do it before, and take it out of the revision",
    ),
)


def advice_for(
    error: BaseException, role: str = "ROLE", *, in_revision: bool = False
) -> str | None:
    """Return what to do about *error*; None when it says nothing but that the revision is wrong.

    *role* is whom a missing right is to be given to; *in_revision* says that a revision sent the
    statement.
    """
    original = getattr(error, "orig", None) or error
    state, message = sqlstate_of(original) or "", first_line(original)
    if state == "42501":
        message = _with_schema(message, str(getattr(error, "statement", None) or ""))
    found = _by_message(_RIGHTS if state == "42501" else _BY_MESSAGE.get(state, ()), message, role)
    if found is None and in_revision:
        found = rows_in_the_way(error) or IN_A_REVISION.get(state)
    found = found or ADVICE.get(state) or ADVICE.get(state[:2])
    if not state and getattr(error, "connection_invalidated", False):
        found = _ENDED
    return found.replace("{role}", _identifier(role)) if found else None


def _with_schema(message: str, statement: str) -> str:
    """Return *message* with the name of a table as *statement* qualifies it; the server does not.

    It is as SQL takes it, in quotes where that needs them.
    """
    denied = re.fullmatch(
        r"(.* for (?:table|sequence|view|materialized view|foreign table) )(.+)", message
    )
    if denied is None:
        return message
    table = denied[2]
    schema = rf"(?P<schema>\"[^\"]+\"|[^\W\d]\w*)\s*\.\s*\"?{re.escape(table)}(?![\w$])"
    found = re.search(schema, statement, re.IGNORECASE)
    return denied[1] + (f"{found['schema']}." if found else "") + _identifier(table)


def _by_message(rules: tuple[tuple[str, str], ...], message: str, role: str) -> str | None:
    for pattern, advice in rules:
        if match := re.search(pattern, message):
            names = {name: value for name, value in match.groupdict().items() if value}
            names["name"] = _identifier(names.get("name") or names.get("other", ""))
            return advice.format(**names | {"role": _identifier(role)})
    return None


def _identifier(name: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_$]*|ROLE", name):
        return name
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
