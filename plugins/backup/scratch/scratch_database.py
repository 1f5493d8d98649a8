"""A database that lives for one verification or one plan: never left behind, known when it was."""

from __future__ import annotations

import contextlib
import logging
import re
import zlib
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import Veto

from ..postgres import marks
from ..postgres.database_session import asked, connected, reason_of
from ..postgres.process import Deadline
from ..postgres.task import LateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import DatabaseUrl

    from ..postgres.database_session import Session

_log = logging.getLogger("sst.plugins.backup")

# With the longest of the kinds, a time and the end of an id, within the 63 bytes of a name.
_ROOM_BYTES = 30
VERIFICATION = "verify"
PLAN = "plan"
_TAIL = rf"_({VERIFICATION}|{PLAN})_\d{{8}}T\d{{6}}Z_[0-9A-Za-z]{{1,8}}$"
_DROP_SECONDS = 60.0
_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
_UNLOCK = "SELECT pg_advisory_unlock(%s, %s)"


def scratch_name(database: str, work_id: str, kind: str = VERIFICATION) -> str:
    """Return `shop_verify_20261122T143000Z_7e01e1` for that backup, or plan, of `shop`."""
    parts = work_id.split("-")
    return f"{_shortened(database)}_{kind}_{parts[0]}_{parts[-1]}"


@contextlib.contextmanager
def held_scratch(url: DatabaseUrl, database: str, name: str) -> Iterator[None]:
    """Hold the right to the scratch database *name* for the body; drop it at the end.

    The locks of scratch databases are in the database of *url*, by which they are made, too.
    Those of *database*, of every kind, whose lock is free were left by a killed process: they are
    dropped first.

    Raises `Veto` when another session holds it, `psycopg2.Error` when the server does not answer.
    """
    with connected(url) as holder:
        _drop_leftovers(url, holder, database)
        [(is_held,)] = holder.fetch(_LOCK, _key(name))
        if not is_held:
            raise Veto(f"{name} is in use by another process", "wait until it ends")
        try:
            yield
        finally:
            _drop(url, name)


def _drop_leftovers(url: DatabaseUrl, session: Session, database: str) -> None:
    found, unmarked = marks.ours(session, f"^{re.escape(_shortened(database))}{_TAIL}")
    marks.warn_of(*unmarked)
    for name in found:
        [(is_orphan,)] = session.fetch(_LOCK, _key(name))
        if is_orphan:
            _log.warning("dropping %s, which a process that was killed has left", name)
            _drop(url, name)
            session.fetch(_UNLOCK, _key(name))


def _drop(url: DatabaseUrl, name: str) -> None:
    """Drop *name*; when that fails the next one does it."""
    try:
        asked(url, lambda session: marks.drop(session, name), Deadline(_DROP_SECONDS))
    except (psycopg2.Error, LateError) as error:
        _log.warning("%s could not be dropped: %s", name, reason_of(url, error))


def _shortened(database: str) -> str:
    encoded = database.encode()
    if len(encoded) <= _ROOM_BYTES:
        return database
    tail = f"_{zlib.crc32(encoded):08x}"
    return encoded[: _ROOM_BYTES - len(tail)].decode("utf-8", "ignore") + tail


def _key(name: str) -> tuple[int, int]:
    return _signed(b"sst-backup scratch"), _signed(name.encode())


def _signed(text: bytes) -> int:
    return zlib.crc32(text) - 2**31
