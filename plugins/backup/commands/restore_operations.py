"""The work of `restore`, and the restore of a run that failed: no printing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..manifest.subject import Subject
from ..one_schema import restore as schema_steps
from ..one_schema.live import family_beside, look_at_schema
from ..postgres.maintenance_session import connected, translate_driver_errors
from ..restore import recreate
from ..restore import restore as steps
from ..restore.database_names import find_half_made, find_replaced, find_unmarked
from ..restore.live_database import look_at_live
from ..restore.source import restore_source_of
from ..restore.swap import repair_swap
from .operations import origin_of, storage_of
from .restore_question import restore_lines

if TYPE_CHECKING:
    from sst.hooks import Backup, CommandContext, DatabaseUrl, LockedWork, Restored

    from ..restore.live_database import LiveDatabase
    from ..settings import Config
    from ..store.listing import Stored
    from ..store.storage import Storage


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of `restore`; without an id, the database replaced last is put back."""

    backup_id: str | None
    confirmed: str | None = None
    lock_wait_seconds: float | None = None
    drop_old: bool = False
    no_owner: bool = False
    from_archive: bool = False
    from_another_server: bool = False
    search_path: str = ""
    template: str = ""

    def options(self, config: Config) -> steps.RestoreOptions:
        """Return the options of the steps."""
        return steps.RestoreOptions(
            self.drop_old,
            self.no_owner,
            self.from_archive,
            self.search_path,
            self.template,
            config.swap_timeout_seconds,
        )


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of `restore`, on record as *run_id*; without a *backup*, that of `--undo`."""

    restored: Restored
    run_id: str
    backup: Backup | None = None
    unmarked: tuple[str, ...] = ()
    """Databases that have a name like ours, but not our mark."""


def restore(config: Config, context: CommandContext, request: Request) -> Done:
    """Restore the backup that *request* names, or put the replaced database back.

    It asks for the database's name in every environment: rows written since are live no more.
    """
    storage, url = storage_of(config, context), context.database_url
    stored = _wanted(storage, context, request)
    target = stored.id if stored else "--undo"
    live = _confirmed(config, context, request, stored)
    options = request.options(config)
    exists, unmarked = _first_look(url)
    if stored and not exists and not url.schema:
        restored = recreate.recreate(
            url, restore_source_of(config, storage, stored, options), options
        )
        run_id = recreate.put_on_record(context, restored, stored)
        return Done(restored, run_id, stored.backup, unmarked)
    wait = request.lock_wait_seconds
    with context.locked("restore", target, lock_wait_seconds=wait) as work:
        restored = _replaced(config, storage, work, stored, options, live)
        return Done(restored, work.id, stored.backup if stored else None, unmarked)


def _replaced(
    config: Config,
    storage: Storage,
    work: LockedWork,
    stored: Stored | None,
    options: steps.RestoreOptions,
    live: LiveDatabase | None = None,
) -> Restored:
    """Replace the database of *work*, or its one schema, when it is as *live* was.

    In the database no other run is at work then; beside a tenant the others may be.
    """
    is_tenant = bool(work.database_url.schema)
    with nullcontext() if is_tenant else work.alone():
        if live:
            live.require_unmoved(work)
        if stored is None:
            return (
                schema_steps.undo(config, work, options)
                if is_tenant
                else steps.undo(work, options)
            )
        if is_tenant:
            return schema_steps.restore(config, storage, work, stored, options)
        return steps.restore(work, restore_source_of(config, storage, stored, options), options)


def _confirmed(
    config: Config, context: CommandContext, request: Request, stored: Stored | None
) -> LiveDatabase | None:
    """Return the live database as it was shown; None when nobody had to be asked."""
    live, lines = None, []
    if request.confirmed is None:
        look = look_at_schema if context.database_url.schema else look_at_live
        live = look(context)
        manifest = stored.manifest if stored else None
        lines = restore_lines(config, context, manifest, live, drop_old=request.drop_old)
    action = f"restore {stored.id if stored else '--undo'}"
    context.confirm(action, request.confirmed, loss=lines)
    return live


def _wanted(storage: Storage, context: CommandContext, request: Request) -> Stored | None:
    """Return the backup to restore, of this server unless the request says otherwise."""
    if not request.backup_id:
        return None
    url = context.database_url
    origin = None if request.from_another_server else origin_of(url)
    stored = storage.find(
        request.backup_id,
        subject=Subject.of(url),
        environment=context.environment,
        origin=origin,
    )
    Subject.of(url).require_like(stored.manifest.subject, stored.id)
    if origin:
        origin.require_own(stored.manifest)
    return stored


def restore_after_failure(config: Config, work: LockedWork, backup: Backup) -> Restored:
    """Restore the *backup* that a failed run made, in the run's own work."""
    storage = storage_of(config, work)
    options = steps.RestoreOptions(deadline_seconds=config.swap_timeout_seconds)
    return _replaced(config, storage, work, storage.find(backup.id), options)


def restored_data(done: Done) -> dict[str, Any]:
    """Return *done* as JSON-ready values."""
    restored = done.restored
    return {
        "backup_id": done.backup.id if done.backup else None,
        "undone_to": None if done.backup else restored.backup_id,
        "heads": list(restored.heads),
        "kept_as": restored.kept_as,
        "cut_off_ms": restored.cut_off_ms,
    }


def _first_look(url: DatabaseUrl) -> tuple[bool, tuple[str, ...]]:
    """Say whether the database of *url* exists, and name databases that only look like ours.

    A swap that a crash cut off is repaired first. Of one schema, these are schemas.
    """
    if url.schema:
        return True, family_beside(url).unmarked
    with connected(url) as server, translate_driver_errors(server):
        live = url.name
        siblings = (each.name for each in find_replaced(server, live))
        repair_swap(server, live, *find_half_made(server, live), *siblings)
        return server.oid(live) is not None, tuple(find_unmarked(server, live))
