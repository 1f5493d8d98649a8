"""A restore: rebuilt beside the live database, compared, then swapped in by its name."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2

from sst.hooks import Restored, TemporaryError, Veto

from ..postgres import marks
from ..postgres.maintenance_session import connected, translate_driver_errors
from ..postgres.name_properties import Properties, apply_properties, read_properties, rehearse
from . import template_copy
from .database_names import (
    find_half_made,
    find_replaced,
    find_unmarked,
    free_replaced_name,
    rebuilt_name,
)
from .preflight import require_roles, require_room, require_swappable
from .swap import Names, repair_swap, swap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sst.hooks import Backup, DatabaseUrl, LockedWork

    from ..manifest.manifest import Manifest
    from ..postgres.maintenance_session import Server

_log = logging.getLogger("sst.plugins.backup")
_LOCK_BUSY = "lock_busy"


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """The choices of the operator."""

    drop_old: bool = False
    """Drop the replaced database when all is done."""
    no_owner: bool = False
    """Give everything to the role of migrations, and leave grants out."""
    from_archive: bool = False
    """Do not use the template copy."""
    search_path: str = ""
    """The schemas for functions while it is rebuilt; empty: as the settings say."""
    template: str = ""
    """The database that it starts as a copy of; empty: as the settings say."""
    deadline_seconds: float = 10.0
    """How long sessions have to end in the swap."""


@dataclass(frozen=True, slots=True)
class RestoreSource:
    """A backup that is to be restored, and how it is rebuilt."""

    manifest: Manifest
    backup: Backup
    rebuild: Callable[[DatabaseUrl], None]
    """Create the database of that URL from the archive, and compare it with the manifest."""
    name_properties: Callable[[], Mapping[str, Any]] = dict
    """Return the database's own properties, for a server that has lost the database."""


def restore(work: LockedWork, source: RestoreSource, options: RestoreOptions) -> Restored:
    """Replace the database of *work* by that of *source*; the old one is kept under another name.

    Until the swap nothing of the live database changes; the swap changes both names or none.

    Raises `Veto` when it is refused or fails: the live database is as it was.
    """
    url, manifest = work.database_url, source.manifest
    live = url.name
    with _server_of(url) as server:
        wanted = _prepare(server, live, source, options)
        fresh = rebuilt_name(live, work.id)
        with _dropped_on_failure(url, live, fresh), _fresh(server, fresh, url, source, options):
            apply_properties(server, fresh, wanted)
            heads = work.copy_record(url.with_database(fresh))
            if set(heads) != set(manifest.heads):
                raise _other_heads(heads, manifest.heads)
            replaced = free_replaced_name(server, live)
            milliseconds = _swapped(work, server, Names(live, fresh, replaced), options)
        return _finish(work, server, source, replaced, milliseconds, options)


def undo(work: LockedWork, options: RestoreOptions) -> Restored:
    """Put the newest replaced database back; the one of *work* is kept in its turn.

    Raises `Veto` when there is none, or when it fails: the live database is as it was.
    """
    url = work.database_url
    live = url.name
    with _server_of(url) as server:
        repair_swap(server, live, *(each.name for each in find_replaced(server, live)))
        found = find_replaced(server, live)
        if not found:
            raise _nothing_replaced(server, live)
        require_swappable(server, live)
        back = found[0].name
        before = read_properties(server, back)
        apply_properties(server, back, read_properties(server, live))
        try:
            heads = work.copy_record(url.with_database(back))
            replaced = free_replaced_name(server, live)
            milliseconds = _swapped(work, server, Names(live, back, replaced), options)
        except BaseException:
            with contextlib.suppress(psycopg2.Error):
                apply_properties(server, back, before)
            raise
        message = f"Put {back} back as {live}; {_cut_off(milliseconds)}"
        work.restored(message, heads=heads, backup=None)
        gone = _drop_old(server, replaced, options)
        return Restored(back, heads, None if gone else replaced, milliseconds, message)


def _swapped(work: LockedWork, server: Server, names: Names, options: RestoreOptions) -> int:
    """Swap *names* while the core is aside; return the milliseconds without service.

    Another run may have the lock when the core comes back: the swap is done all the same.
    """
    milliseconds: int | None = None
    try:
        with _marked(server, names), work.aside():
            milliseconds = swap(
                work.database_url,
                names,
                deadline_seconds=options.deadline_seconds,
                run_id=work.id,
            )
    except TemporaryError as error:
        if milliseconds is None or error.code != _LOCK_BUSY:
            raise
        _log.warning("%s is swapped in; afterwards: %s", names.live, error.what)
    return milliseconds


@contextlib.contextmanager
def _marked(server: Server, names: Names) -> Iterator[None]:
    """Swap in the body: what is live has the mark with its later name, which counts only then."""
    marks.put(server, names.live, later=names.replaced)
    try:
        yield
    finally:
        # Whichever is live now is not ours to drop. A mark that stays has the wrong name.
        with contextlib.suppress(psycopg2.Error):
            marks.remove(server, names.live)


def clean(server: Server, live: str) -> list[str]:
    """Drop what restores of *live* that were killed have left; return the names.

    The caller holds the lock: no other restore is under way.
    """
    found = find_half_made(server, live)
    for name in found:
        _log.warning("dropping %s, which a restore that was killed has left", name)
    return [name for name in found if server.drop_or_warn(name)]


@contextlib.contextmanager
def _server_of(url: DatabaseUrl) -> Iterator[Server]:
    with connected(url) as server, translate_driver_errors(server):
        yield server


def _prepare(
    server: Server, live: str, source: RestoreSource, options: RestoreOptions
) -> Properties:
    """Return the properties to give, when nothing is seen that would stop the restore."""
    repair_swap(server, live, *find_half_made(server, live))
    require_swappable(server, live)
    if not options.no_owner:
        require_roles(server, source.manifest.roles)
    wanted = read_properties(server, live)
    rehearse(server, live, wanted)
    clean(server, live)
    if not _template_copy(server, live, source, options):
        require_room(server, wanted.tablespace, source.manifest.database_bytes)
    return wanted


def _template_copy(
    server: Server, live: str, source: RestoreSource, options: RestoreOptions
) -> str | None:
    """Return the name of the template copy to use; None when the archive is."""
    if options.from_archive or options.no_owner:
        return None
    return template_copy.copy_of(server, live, source.manifest)


@contextlib.contextmanager
def _fresh(
    server: Server, fresh: str, url: DatabaseUrl, source: RestoreSource, options: RestoreOptions
) -> Iterator[None]:
    """Have the restored database under the name *fresh* for the body."""
    copy = _template_copy(server, url.name, source, options)
    if copy is None:
        source.rebuild(url.with_database(fresh))
        yield
    else:
        _log.info("restoring from the template copy %s", copy)
        with template_copy.taken(server, copy, fresh):
            yield


@contextlib.contextmanager
def _dropped_on_failure(url: DatabaseUrl, live: str, fresh: str) -> Iterator[None]:
    """Drop the database *fresh* when the body raises, on a connection of its own."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(psycopg2.Error, Veto, TemporaryError), connected(url) as server:
            # After the swap there is no database of that name: it is the live one.
            if server.oid(fresh) is not None:
                error.add_note(f"{live} is as it was")
                _log.info("dropping %s; %s is as it was", fresh, live)
                server.drop_or_warn(fresh)
        raise


def _finish(
    work: LockedWork,
    server: Server,
    source: RestoreSource,
    replaced: str,
    milliseconds: int,
    options: RestoreOptions,
) -> Restored:
    live, manifest = work.database_url.name, source.manifest
    message = f"Restored {live} from backup {manifest.id}; {_cut_off(milliseconds)}"
    work.restored(message, heads=manifest.heads, backup=source.backup)
    gone = _drop_old(server, replaced, options)
    return Restored(manifest.id, manifest.heads, None if gone else replaced, milliseconds, message)


def _nothing_replaced(server: Server, live: str) -> Veto:
    unmarked = ", ".join(find_unmarked(server, live))
    left = f" ({unmarked}: without our mark)" if unmarked else ""
    by_hand = (
        "; older versions left no mark: when you know that one of these was live before, change"
        " the names yourself (ALTER DATABASE ... RENAME TO ...)"
    )
    return Veto(
        f"there is no database to put back: no restore has replaced {live}{left}",
        f"python migrate.py backup list names the backups{by_hand if unmarked else ''}",
        code="nothing_kept",
    )


def _drop_old(server: Server, replaced: str, options: RestoreOptions) -> bool:
    return options.drop_old and server.drop_or_warn(replaced)


def _cut_off(milliseconds: int) -> str:
    return f"connections were refused for {milliseconds} ms."


def _other_heads(found: Sequence[str], expected: Sequence[str]) -> Veto:
    return Veto(
        f"the restored database is at {', '.join(found) or 'no revision'}, the backup at"
        f" {', '.join(expected) or 'no revision'}",
        "restore another backup: python migrate.py backup list",
        code="backup_mismatch",
    )
