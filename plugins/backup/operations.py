"""What the commands do: each function is one of them, from its words to its result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import instant, lost, make_backup, marks
from . import restore as steps
from .create import verifier_of
from .kept import Kept, find_half_made, find_kept, find_strangers
from .listing import LATEST
from .origin import Origin, read_origin, unknown_to_retention
from .original import original_of
from .process import Deadline
from .retention import Pruned, Rules, Scope, to_prune, unplaced
from .retention import prune as prune_backups
from .server import connected, told
from .storage import Storage
from .swap import mend
from .texts import kept_row
from .tools import find_tools

if TYPE_CHECKING:
    from app.hooks import Backup, CommandContext, DatabaseUrl, LockedWork, Restored

    from . import Config
    from .listing import Listing, Stored


@dataclass(frozen=True, slots=True)
class Request:
    """What the operator asked `restore` for; without an id, the way back."""

    backup_id: str | None
    confirmed: str | None = None
    lock_wait_seconds: float | None = None
    drop_old: bool = False
    no_owner: bool = False
    from_archive: bool = False
    from_another_server: bool = False
    search_path: str = ""
    template: str = ""

    def wishes(self, config: Config) -> steps.Wishes:
        """Return what the steps must know."""
        return steps.Wishes(
            self.drop_old,
            self.no_owner,
            self.from_archive,
            self.search_path,
            self.template,
            config.swap_timeout_seconds,
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What `restore` did, on record as *run_id*; without a *backup* it was the way back."""

    restored: Restored
    run_id: str
    backup: Backup | None = None
    strangers: tuple[str, ...] = ()
    """Databases that have a name as ours have, and not our mark."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was pruned, or with *is_dry* what would be."""

    is_dry: bool
    backups: tuple[str, ...]
    replaced: tuple[Kept, ...]
    kept: tuple[Kept, ...]
    """Replaced databases that are too young to go."""
    snapshots: tuple[str, ...]
    half_made: tuple[str, ...]
    failed: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    """Databases that have a name as ours have, and not our mark: they are left."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each thing that is still there and looks as if it should not be."""
        return (*self.failed, *map(marks.left_alone, self.strangers))

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """One row for each, the word for what became of it first."""
        gone = "would go" if self.is_dry else "removed"
        return [
            *((gone, "backup", name, "") for name in self.backups),
            *(kept_row(each, gone) for each in self.replaced),
            *((gone, "template copy", name, "") for name in self.snapshots),
            *((gone, "half-made database", name, "") for name in self.half_made),
            *(kept_row(each, "kept") for each in self.kept),
            *(("left", "database without our mark", name, "") for name in self.strangers),
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
            "left_databases": list(self.strangers),
            "failed": list(self.failed),
        }


def storage_of(config: Config, context: CommandContext | LockedWork) -> Storage:
    """Return where the backups are."""
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
    origin = None if from_another_server else _origin_of(url)
    return storage.find(wanted, database=url.name, environment=context.environment, origin=origin)


def snapshot_of(stored: Stored) -> str:
    """Return the name that the template copy of *stored* has, where one was made."""
    return stored.manifest.snapshot or ""


def verify(config: Config, context: CommandContext, stored: Stored, level: str) -> Stored:
    """Prove the backup *stored* again; only level `restore` needs a server."""
    if level == "restore" and config.scratch_url is None:
        with context.inspect() as look:
            look.fetch("SELECT 1")  # the core names why a database lets nobody in
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
        live = work.database_url.name
        scope = Scope(live, work.environment, origin.system_identifier)
        obstacle = unknown_to_retention(origin) if rules.are_set else ""
        if obstacle:
            pruned = Pruned(failed=(obstacle,))
        elif dry_run:
            gone = to_prune(storage.list(), datetime.now(UTC), rules, needed, scope)
            pruned = Pruned(tuple(one.id for one in gone))
        else:
            pruned = prune_backups(storage, rules, needed, scope)
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
    with connected(url) as server, told(server):
        kept = find_kept(server, live)
        old = tuple(each for each in kept if each.until <= until)
        # While the second place is silent, the backup of a copy may lie there.
        orphans = [] if listing.unreachable else instant.find_orphans(server, live, left)
        half_made = find_half_made(server, live)
        strangers = find_strangers(server, live)
        names = () if dry_run else (*(each.name for each in old), *orphans, *half_made)
        stay = tuple(filter(None, map(server.drop_or_say, names)))
    return Plan(
        is_dry=dry_run,
        backups=pruned.removed,
        replaced=old,
        kept=tuple(each for each in kept if each not in old),
        snapshots=tuple(orphans),
        half_made=tuple(half_made),
        failed=(*pruned.failed, *stay),
        strangers=tuple(strangers),
    )


def restore(config: Config, context: CommandContext, request: Request) -> Done:
    """Restore what *request* names, or go back.

    It asks for the database's name everywhere: what was written since the backup is live no more.
    """
    storage, url = storage_of(config, context), context.database_url
    stored = _wanted(storage, context, request)
    target = stored.id if stored else "--undo"
    context.confirm(f"restore {target}", request.confirmed)
    wishes = request.wishes(config)
    exists, strangers = _first_look(url)
    if stored and not exists:
        restored = lost.recreate(url, original_of(config, storage, stored, wishes), wishes)
        run_id = lost.put_on_record(context, restored, stored)
        return Done(restored, run_id, stored.backup, strangers)
    wait = request.lock_wait_seconds
    with context.locked("restore", target, lock_wait_seconds=wait) as work, work.alone():
        if stored is None:
            return Done(steps.undo(work, wishes), work.id, strangers=strangers)
        original = original_of(config, storage, stored, wishes)
        return Done(steps.restore(work, original, wishes), work.id, stored.backup, strangers)


def _wanted(storage: Storage, context: CommandContext, request: Request) -> Stored | None:
    """Return the backup to restore, of this server unless the request says otherwise."""
    if not request.backup_id:
        return None
    url = context.database_url
    origin = None if request.from_another_server else _origin_of(url)
    stored = storage.find(
        request.backup_id, database=url.name, environment=context.environment, origin=origin
    )
    if origin:
        origin.require_own(stored.manifest)
    return stored


def restore_after_failure(config: Config, work: LockedWork, backup: Backup) -> Restored:
    """Restore the *backup* that a failed run made, in the run's own work."""
    storage = storage_of(config, work)
    wishes = steps.Wishes(deadline_seconds=config.swap_timeout_seconds)
    original = original_of(config, storage, storage.find(backup.id), wishes)
    with work.alone():
        return steps.restore(work, original, wishes)


def restored_data(done: Done) -> dict[str, Any]:
    """Return what was *done* as JSON-ready values."""
    restored = done.restored
    return {
        "backup_id": done.backup.id if done.backup else None,
        "undone_to": None if done.backup else restored.backup_id,
        "heads": list(restored.heads),
        "kept_as": restored.kept_as,
        "cut_off_ms": restored.cut_off_ms,
    }


def _origin_of(url: DatabaseUrl) -> Origin:
    """Return who the server of *url* is; the database itself need not exist."""
    with connected(url) as server, told(server):
        return read_origin(server.fetch, url)


def _first_look(url: DatabaseUrl) -> tuple[bool, tuple[str, ...]]:
    """Say whether there is the database of *url*, and name what only looks like ours beside it.

    A swap that a crash cut off is mended first.
    """
    with connected(url) as server, told(server):
        live = url.name
        siblings = (each.name for each in find_kept(server, live))
        mend(server, live, *find_half_made(server, live), *siblings)
        return server.oid(live) is not None, tuple(find_strangers(server, live))
