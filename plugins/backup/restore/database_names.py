"""The names of the databases that a restore makes and leaves, and those that are there.

A name is no proof: every role with CREATEDB can take one, and wait until its database becomes the
live one. So only databases count that have our mark, which their owner can write, and that belong
to the owner of the live one, to the role of migrations, or to a superuser.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..postgres import marks
from ..postgres.maintenance_session import LONGEST_NAME_BYTES

if TYPE_CHECKING:
    from ..postgres.maintenance_session import Server

_FORM = "%Y%m%dT%H%M%SZ"
_TIME = r"\d{8}T\d{6}Z"
_LONGEST_STEM_BYTES = LONGEST_NAME_BYTES - len("_snapshot_20261122T143000Z")
_DIGEST = 8
_REPLACED = f"_before_{_TIME}"
_HALF_MADE = "_restore_[0-9a-z]{1,8}"
_SNAPSHOT = f"_snapshot_{_TIME}"
_TRUSTED = """
SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
 WHERE d.datname ~ %(pattern)s
   AND (r.rolsuper OR r.rolname = current_user
        OR r.oid = (SELECT l.datdba FROM pg_database l WHERE l.datname = %(live)s))
 ORDER BY d.datname
"""


@dataclass(frozen=True, slots=True)
class ReplacedDatabase:
    """A database that was live until a restore replaced it."""

    name: str
    until: datetime
    """When it was replaced."""
    size_bytes: int

    def to_dict(self) -> dict[str, object]:
        """Return JSON-ready values."""
        until = self.until.isoformat().replace("+00:00", "Z")
        return {"name": self.name, "until": until, "size_bytes": self.size_bytes}


def replaced_name(live: str, until: datetime) -> str:
    """Return the name that *live* gets when it is replaced: `shop_before_20261122T143000Z`."""
    return f"{stem_of(live)}_before_{until.astimezone(UTC):{_FORM}}"


def free_replaced_name(server: Server, live: str) -> str:
    """Return the name of now, or of the first second from now that no database has."""
    until = datetime.now(UTC)
    while server.oid(replaced_name(live, until)) is not None:
        until += timedelta(seconds=1)
    return replaced_name(live, until)


def rebuilt_name(live: str, work_id: str) -> str:
    """Return the name of the database that is rebuilt beside *live*: `shop_restore_7e01e1`."""
    return f"{stem_of(live)}_restore_{re.split(r'[^A-Za-z0-9]+', work_id)[-1][-8:].lower()}"


def template_copy_name(live: str, backup_id: str) -> str:
    """Return the name of the template copy of a backup: `shop_snapshot_20261122T143000Z`."""
    return f"{stem_of(live)}_snapshot_{backup_id.partition('-')[0]}"


def find_replaced(server: Server, live: str) -> list[ReplacedDatabase]:
    """Return the databases that were *live* before, the newest first."""
    question = "SELECT pg_database_size(CAST(%(name)s AS name))"
    found = _ours(server, live, _REPLACED)
    return [
        ReplacedDatabase(name, moment, int(server.fetch(question, name=name)[0][0]))
        for name in reversed(found)
        if (moment := moment_in(name))
    ]


def find_half_made(server: Server, live: str) -> list[str]:
    """Return the databases that killed restores have left beside *live*."""
    return _ours(server, live, _HALF_MADE)


def find_template_copies(server: Server, live: str) -> list[str]:
    """Return the template copies of *live*, the oldest first."""
    return _ours(server, live, _SNAPSHOT)


def find_unmarked(server: Server, live: str) -> list[str]:
    """Return the databases that have a name like ours beside *live*, and are not ours."""
    tail = f"({_REPLACED}|{_HALF_MADE}|{_SNAPSHOT})"
    found = _ours(server, live, tail)
    return [name for name in server.names(_pattern(live, tail)) if name not in found]


def _ours(server: Server, live: str, tail: str) -> list[str]:
    """Return the databases, by name, called *live* and *tail* that no other role can have made."""
    pattern = _pattern(live, tail)
    trusted = {row[0] for row in server.fetch(_TRUSTED, pattern=pattern, live=live)}
    return [name for name in marks.ours(server, pattern)[0] if name in trusted]


def _pattern(live: str, tail: str) -> str:
    return f"^{re.escape(stem_of(live))}{tail}$"


def stem_of(live: str) -> str:
    """Return *live*, or its beginning and a digest of it: PostgreSQL would cut off the end."""
    if len(live.encode()) <= _LONGEST_STEM_BYTES:
        return live
    digest = hashlib.sha256(live.encode()).hexdigest()[:_DIGEST]
    room = _LONGEST_STEM_BYTES - _DIGEST - 1
    return f"{live.encode()[:room].decode(errors='ignore')}_{digest}"


def moment_in(name: str) -> datetime | None:
    """Return the time in *name*; None when it is none, such as a 39th of the month."""
    try:
        return datetime.strptime(name.rpartition("_")[2], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
