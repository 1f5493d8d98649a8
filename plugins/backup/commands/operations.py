"""The work of `backup create|list|show|verify`: a function for each, no printing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..make.make_backup import make_backup
from ..make.maker import verifier_of
from ..manifest.origin import Origin, read_origin
from ..manifest.subject import Subject
from ..postgres.client_programs import find_tools
from ..postgres.maintenance_session import connected, translate_driver_errors
from ..postgres.process import Deadline
from ..store.listing import LATEST
from ..store.storage import Storage

if TYPE_CHECKING:
    from sst.hooks import CommandContext, DatabaseUrl, LockedWork

    from ..settings import Config
    from ..store.listing import Listing, Stored


def storage_of(config: Config, context: CommandContext | LockedWork) -> Storage:
    """Return the storage of the project of *context*."""
    return Storage(config, context.project_root)


def create(config: Config, context: CommandContext, lock_wait_seconds: float | None) -> Stored:
    """Make a backup under the run's lock, on record where the database has a record."""
    storage = storage_of(config, context)
    with context.locked(
        "backup create", "", lock_wait_seconds=lock_wait_seconds, must_record=False
    ) as work:
        stored = make_backup(config, storage, work, None)
        work.made(stored.backup)
        return stored


def find(
    config: Config, context: CommandContext, wanted: str, *, from_another_server: bool = False
) -> Stored:
    """Return the backup that *wanted* means.

    `latest` is of this environment, of the database or the schema of this call, and of its server,
    or *from_another_server*; no server is asked for any other.
    """
    storage = storage_of(config, context)
    if wanted != LATEST:
        return storage.find(wanted)
    url = context.database_url
    origin = None if from_another_server else origin_of(url)
    subject = Subject.of(url)
    return storage.find(wanted, subject=subject, environment=context.environment, origin=origin)


def listed(config: Config, context: CommandContext) -> Listing:
    """Return the backups in all stores; of a call on one schema, those of that schema."""
    listing = storage_of(config, context).list()
    if not context.schema:
        return listing
    subject = Subject.of(context.database_url)
    return replace(listing, found=tuple(one for one in listing if one.manifest.subject == subject))


def verify(config: Config, context: CommandContext, stored: Stored, level: str) -> Stored:
    """Prove the backup *stored* again; only level `restore` needs a server."""
    if level == "restore" and config.scratch_url is None:
        with context.inspect() as look:
            look.fetch("SELECT 1")  # the core explains why a database refuses connections
    tools = find_tools(stored.manifest.tool_major, config.pg_bin)
    # What one schema needs of its database is copied from there.
    is_schema = bool(stored.manifest.schema)
    url = context.database_url if is_schema else config.scratch_url or context.database_url
    verifier = verifier_of(config, url, tools, Deadline(config.timeout_seconds))
    with storage_of(config, context).opened(stored) as folder:
        verifier.verify(folder, stored.manifest, level)
    return stored


def origin_of(url: DatabaseUrl) -> Origin:
    """Return the identity of the server of *url*; the database itself need not exist."""
    with connected(url) as server, translate_driver_errors(server):
        return read_origin(server.fetch, url)
