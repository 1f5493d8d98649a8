"""Roles that live as long as a verification on another server needs them.

Verifications at the same time share them: each holds a shared lock for each role, and the last one
drops those that carry our mark. So does the next one with those of a process that was killed.
"""

from __future__ import annotations

import contextlib
import logging
import zlib
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import errors, sql

from ..postgres.create_database import missing_roles
from ..postgres.database_session import asked, connected, reason_of
from ..postgres.process import Deadline
from ..postgres.task import LateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import DatabaseUrl

    from ..postgres.database_session import Session

_log = logging.getLogger("sst.plugins.backup")

_MARK = "[sst-platform may drop this role]"
# One message is one transaction: no role is without its mark.
_CREATE = "CREATE ROLE {role} NOLOGIN; COMMENT ON ROLE {role} IS {mark}"
_HOLD = "SELECT pg_advisory_lock_shared(%s, %s)"
_LET_GO = "SELECT pg_advisory_unlock_shared(%s, %s)"
_IS_LAST = """
SELECT pg_try_advisory_lock(%s, %s) AND EXISTS (
    SELECT FROM pg_roles WHERE rolname = %s AND shobj_description(oid, 'pg_authid') = %s)
"""
_DROP_SECONDS = 60.0


@contextlib.contextmanager
def borrowed_roles(url: DatabaseUrl, roles: tuple[str, ...]) -> Iterator[None]:
    """Create those of *roles* that the scratch server does not have, without login, for the body.

    Ownership and policies name them.

    Raises `psycopg2.Error` when they cannot be created.
    """
    try:
        with connected(url) as session:
            for role in roles:
                session.fetch(_HOLD, _key(role))
            try:
                for role in missing_roles(session, roles):
                    _create(session, role)
                yield
            finally:
                _let_go(session, roles)
    finally:
        for role in roles:
            _give_back(url, role)


def _create(session: Session, role: str) -> None:
    named = {"role": sql.Identifier(role), "mark": sql.Literal(_MARK)}
    # Another verification that holds the same lock was faster.
    with contextlib.suppress(errors.DuplicateObject, errors.UniqueViolation):
        session.execute(sql.SQL(_CREATE).format(**named))


def _let_go(session: Session, roles: tuple[str, ...]) -> None:
    """Give the locks back at once: the server may close the session later than we do."""
    with contextlib.suppress(psycopg2.Error):
        for role in roles:
            session.fetch(_LET_GO, _key(role))


def _give_back(url: DatabaseUrl, role: str) -> None:
    """Drop *role* where it is ours and nobody else needs it."""

    def drop(session: Session) -> None:
        [(is_last,)] = session.fetch(_IS_LAST, (*_key(role), role, _MARK))
        if is_last:
            session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))

    try:
        asked(url, drop, Deadline(_DROP_SECONDS))
    except (psycopg2.Error, LateError) as error:
        _log.warning("the role %s could not be dropped: %s", role, reason_of(url, error))


def _key(role: str) -> tuple[int, int]:
    return _signed(b"sst-backup role"), _signed(role.encode())


def _signed(text: bytes) -> int:
    return zlib.crc32(text) - 2**31
