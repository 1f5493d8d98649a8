"""A restore of a lost database: it is created anew, with its own properties."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import Restored, TemporaryError, Veto

from ..postgres import marks
from ..postgres.maintenance_session import accepts_connections, connected, translate_driver_errors
from ..postgres.name_properties_in_manifest import apply_name_properties
from .database_names import find_half_made, rebuilt_name
from .preflight import require_roles

if TYPE_CHECKING:
    from sst.hooks import CommandContext, DatabaseUrl

    from ..store.listing import Stored
    from .restore import RestoreOptions, RestoreSource


def recreate(url: DatabaseUrl, source: RestoreSource, options: RestoreOptions) -> Restored:
    """Create the database of *url*, which does not exist, from the backup *source*.

    It is rebuilt under another name, and gets its own when it is complete. A database that
    does not exist has no lock to take: a lock of the server keeps a second restore out.

    Raises `Veto` when it is refused or fails; then nothing is left.
    """
    manifest, live = source.manifest, url.name
    if accepts_connections(url):
        raise Veto(
            f"there is no database {live} on the server, but {url} leads to one",
            "the name is a pooler's: set MIGRATION_DATABASE_URL to the server and the real name",
            code="cannot_swap",
        )
    fresh = rebuilt_name(live, manifest.id)
    with (
        connected(url) as server,
        translate_driver_errors(server),
        server.locked(f"sst restore {live}"),
    ):
        if not options.no_owner:
            require_roles(server, manifest.roles)
        for name in find_half_made(server, live):
            server.drop_or_warn(name)
        try:
            source.rebuild(url.with_database(fresh))
            apply_name_properties(
                server, fresh, source.name_properties(), no_owner=options.no_owner
            )
            with server.transaction():
                marks.remove(server, fresh)
                server.execute("ALTER DATABASE {} RENAME TO {}", fresh, live)
        except BaseException:
            silent = contextlib.suppress(psycopg2.Error, Veto, TemporaryError)
            with silent, connected(url) as other:
                other.drop_or_warn(fresh)
            raise
    message = f"Created {live}, which did not exist, from backup {manifest.id}."
    return Restored(manifest.id, manifest.heads, None, 0, message)


def put_on_record(context: CommandContext, restored: Restored, stored: Stored) -> str:
    """Write into the ledger that came with the backup that it was restored; return the run id."""
    with context.locked("restore", stored.id) as work:
        work.restored(restored.message, heads=restored.heads, backup=stored.backup)
        return work.id
