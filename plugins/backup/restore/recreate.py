"""A restore where nothing is left: the database is created anew, with what its name had."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import Restored, TemporaryError, Veto

from ..postgres.maintenance_session import connected, lets_in, told
from ..postgres.name_properties_in_manifest import dress
from . import marks
from .database_names import find_half_made, rebuilt_name
from .preflight import require_roles

if TYPE_CHECKING:
    from sst.hooks import CommandContext, DatabaseUrl

    from ..store.listing import Stored
    from .restore import Original, Wishes


def recreate(url: DatabaseUrl, original: Original, wishes: Wishes) -> Restored:
    """Create the database of *url*, which does not exist, from the backup *original*.

    It is rebuilt under another name, and has its own when all of it is there. There is no lock to
    take in a database that is not there: a lock of the server keeps a second restore out.

    Raises `Veto` when it is refused or fails; then nothing is left.
    """
    manifest, live = original.manifest, url.name
    if lets_in(url):
        raise Veto(
            f"there is no database {live} on the server, and yet {url} leads to one",
            "the name is a pooler's: set MIGRATION_DATABASE_URL to the server and the real name",
            code="cannot_swap",
        )
    fresh = rebuilt_name(live, manifest.id)
    with connected(url) as server, told(server), server.locked(f"sst restore {live}"):
        if not wishes.no_owner:
            require_roles(server, manifest.roles)
        for name in find_half_made(server, live):
            server.drop_or_warn(name)
        try:
            original.rebuild(url.with_database(fresh))
            dress(server, fresh, original.belongings(), no_owner=wishes.no_owner)
            with server.transaction():
                marks.remove(server, fresh)
                server.execute("ALTER DATABASE {} RENAME TO {}", fresh, live)
        except BaseException:
            silent = contextlib.suppress(psycopg2.Error, Veto, TemporaryError)
            with silent, connected(url) as other:
                other.drop_or_warn(fresh)
            raise
    message = f"{live} did not exist; it was created from backup {manifest.id}"
    return Restored(manifest.id, manifest.heads, None, 0, message)


def put_on_record(context: CommandContext, restored: Restored, stored: Stored) -> str:
    """Write into the ledger that came with the backup that it was restored; return the run id."""
    with context.locked("restore", stored.id) as work:
        work.restored(restored.message, heads=restored.heads, backup=stored.backup)
        return work.id
