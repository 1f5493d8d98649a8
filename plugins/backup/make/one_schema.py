"""The refusal of one schema: a backup is of a whole database, and so is a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks import Veto

if TYPE_CHECKING:
    from sst.hooks import DatabaseUrl

_BACKUP = (
    "back the whole database up before, with `python migrate.py backup create` on it, and run"
    " this one with --no-plugin backup"
)
_RESTORE = "restore without --target, which takes all schemas of the database back"


def refuse_backup_of_schema(url: DatabaseUrl) -> None:
    """Raise `Veto` when *url* is one schema, a tenant, and not a database."""
    _refuse(url, "a backup is of the whole database, with all other schemas in it", _BACKUP)


def refuse_restore_of_schema(url: DatabaseUrl) -> None:
    """Raise `Veto` when *url* is one schema: the others in its database would go back with it."""
    _refuse(url, "a restore replaces the whole database, with all other schemas in it", _RESTORE)


def _refuse(url: DatabaseUrl, why: str, hint: str) -> None:
    if url.schema:
        raise Veto(f"this is the schema {url.schema}, and {why}", hint)
