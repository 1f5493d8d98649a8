"""The work of `backup create|list|show|verify|prune`: a function for each, no printing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..make.make_backup import make_backup
from ..make.maker import verifier_of
from ..manifest.origin import Origin, read_origin, unknown_to_retention
from ..postgres import marks
from ..postgres.client_programs import find_tools
from ..postgres.maintenance_session import connected, translate_driver_errors
from ..postgres.process import Deadline
from ..restore import template_copy
from ..restore.database_names import (
    ReplacedDatabase,
    find_half_made,
    find_replaced,
    find_unmarked,
)
from ..store.listing import LATEST
from ..store.retention import Pruned, Rules, Scope, unplaced
from ..store.retention import prune as prune_backups
from ..store.storage import Storage
from .texts import replaced_row

if TYPE_CHECKING:
    from sst.hooks import CommandContext, DatabaseUrl, LockedWork

    from ..settings import Config
    from ..store.listing import Listing, Stored


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was pruned, or with *is_dry* would be."""

    is_dry: bool
    backups: tuple[str, ...]
    replaced: tuple[ReplacedDatabase, ...]
    kept: tuple[ReplacedDatabase, ...]
    """Replaced databases that are too young to go."""
    snapshots: tuple[str, ...]
    half_made: tuple[str, ...]
    failed: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()
    """Databases that have a name like ours, but not our mark: they are left."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each thing that is still there, but looks as if it should not be."""
        return (*self.failed, *map(marks.left_alone, self.unmarked))

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """One row for each, its outcome first."""
        gone = "would go" if self.is_dry else "removed"
        return [
            *((gone, "backup", name, "") for name in self.backups),
            *(replaced_row(each, gone) for each in self.replaced),
            *((gone, "template copy", name, "") for name in self.snapshots),
            *((gone, "half-made database", name, "") for name in self.half_made),
            *(replaced_row(each, "kept") for each in self.kept),
            *(("left", "database without our mark", name, "") for name in self.unmarked),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "dry_run": self.is_dry,
            "backups": list(self.backups),
            "replaced_databases": [each.to_dict() for each in self.replaced],
            "kept_databases": [each.to_dict() for each in self.kept],
            "template_copies": list(self.snapshots),
            "half_made_databases": list(self.half_made),
            "left_databases": list(self.unmarked),
            "failed": list(self.failed),
        }


def storage_of(config: Config, context: CommandContext | LockedWork) -> Storage:
    """Return the storage of the project of *context*."""
    return Storage(config, context.project_root)


def create(config: Config, context: CommandContext, lock_wait_seconds: float | None) -> Stored:
    """Make a backup under the run's lock; the ledger says nothing of it."""
    storage = storage_of(config, context)
    with context.locked(
        "backup create", "", lock_wait_seconds=lock_wait_seconds, on_record=False
    ) as work:
        return make_backup(config, storage, work, None)


def find(
    config: Config, context: CommandContext, wanted: str, *, from_another_server: bool = False
) -> Stored:
    """Return the backup that *wanted* means.

    `latest` is of this environment, database and server, or *from_another_server*; no server is
    asked for any other.
    """
    storage = storage_of(config, context)
    if wanted != LATEST:
        return storage.find(wanted)
    url = context.database_url
    origin = None if from_another_server else origin_of(url)
    return storage.find(wanted, database=url.name, environment=context.environment, origin=origin)


def verify(config: Config, context: CommandContext, stored: Stored, level: str) -> Stored:
    """Prove the backup *stored* again; only level `restore` needs a server."""
    if level == "restore" and config.scratch_url is None:
        with context.inspect() as look:
            look.fetch("SELECT 1")  # the core explains why a database refuses connections
    tools = find_tools(stored.manifest.tool_major, config.pg_bin)
    url = config.scratch_url or context.database_url
    verifier = verifier_of(config, url, tools, Deadline(config.timeout_seconds))
    with storage_of(config, context).opened(stored) as folder:
        verifier.verify(folder, stored.manifest, level)
    return stored


def prune(
    config: Config,
    context: CommandContext,
    lock_wait_seconds: float | None,
    *,
    dry_run: bool,
) -> Plan:
    """Remove what no rule keeps: backups, replaced databases, copies without their backup."""
    with context.locked(
        "backup prune", "", lock_wait_seconds=lock_wait_seconds, on_record=False
    ) as work:
        with work.inspect() as inspection:
            needed = inspection.needed_backups
            origin = read_origin(inspection.fetch, work.database_url)
        storage, rules = storage_of(config, work), Rules.of(config)
        scope = Scope(work.database_url.name, work.environment, origin.system_identifier)
        obstacle = unknown_to_retention(origin) if rules.are_set else ""
        if obstacle:
            pruned = Pruned(failed=(obstacle,))
        else:
            pruned = prune_backups(storage, rules, needed, scope, is_dry=dry_run)
        listing = storage.list()
        if rules.are_set:
            pruned = replace(pruned, failed=(*pruned.failed, *unplaced(listing, scope)))
        return _databases(config, work.database_url, listing, pruned, dry_run=dry_run)


def _databases(
    config: Config,
    url: DatabaseUrl,
    listing: Listing,
    pruned: Pruned,
    *,
    dry_run: bool,
) -> Plan:
    live = url.name
    left = [one.id for one in listing if one.id not in pruned.removed]
    until = datetime.now(UTC) - timedelta(days=config.keep_replaced_days)
    with connected(url) as server, translate_driver_errors(server):
        kept = find_replaced(server, live)
        old = tuple(each for each in kept if each.until <= until)
        # While a store is silent, it may hold the backup of a copy.
        orphans = [] if listing.unreachable else template_copy.find_orphans(server, live, left)
        half_made = find_half_made(server, live)
        unmarked = find_unmarked(server, live)
        names = () if dry_run else (*(each.name for each in old), *orphans, *half_made)
        stay = tuple(filter(None, map(server.drop_or_explain, names)))
    return Plan(
        is_dry=dry_run,
        backups=pruned.removed,
        replaced=old,
        kept=tuple(each for each in kept if each not in old),
        snapshots=tuple(orphans),
        half_made=tuple(half_made),
        failed=(*pruned.failed, *stay),
        unmarked=tuple(unmarked),
    )


def origin_of(url: DatabaseUrl) -> Origin:
    """Return the identity of the server of *url*; the database itself need not exist."""
    with connected(url) as server, translate_driver_errors(server):
        return read_origin(server.fetch, url)
