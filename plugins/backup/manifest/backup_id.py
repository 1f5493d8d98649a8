"""The id of a backup: a name that sorts by time, names the database, and is safe as a file."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

_LONGEST_NAME = 40
_MOMENT = "%Y%m%dT%H%M%SZ"
_ID = re.compile(r"\d{8}T\d{6}Z-(?P<database>[A-Za-z0-9_.]*)-[A-Za-z0-9]+")


def backup_id(database: str, run_id: str | None = None) -> str:
    """Return an id for a backup of *database* made now: `20261122T143000Z-shop-7e01e1`.

    Of *run_id* the last part is taken: its front is a time as well. Without it, something random.
    """
    name = re.sub(r"[^A-Za-z0-9_.]+", "_", database)[:_LONGEST_NAME]
    run = re.split(r"[^A-Za-z0-9]+", run_id or secrets.token_hex(3))[-1][-8:]
    return f"{datetime.now(UTC):{_MOMENT}}-{name}-{run}"


def is_id(name: str) -> bool:
    """Say whether *name* has the form of a backup's id."""
    return _ID.fullmatch(name) is not None


def is_of(name: str, database: str) -> bool:
    """Say whether *name*, with or without `.partial`, is that of a backup of *database*."""
    found = _ID.match(name)
    wanted = _ID.fullmatch(backup_id(database))
    return found is not None and wanted is not None and found["database"] == wanted["database"]


def moment_of(name: str) -> datetime:
    """Return the moment in the id *name*; one that no calendar has lies in the far future."""
    try:
        return datetime.strptime(name.partition("-")[0], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
