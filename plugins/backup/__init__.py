"""A proven dump before every run that changes something, or no run.

A backup is one folder, `<directory>/<id>/`: the archive (one file in pg_dump's custom format, or a
folder in its directory format) and the manifest. It gets that name as a whole and last, so what
has it is complete, was proven, and has the sha256 that the manifest names.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from sst.hooks import Backup, Run, Veto, hookimpl

from .commands.texts import PROVEN
from .make.maker import Maker
from .make.settings import CreateSettings
from .manifest.manifest import backup_id
from .manifest.origin import UNKNOWN
from .postgres.progress_line import human_size
from .restore.settings import RestoreSettings
from .store.retention import prune_beside
from .store.settings import StorageSettings
from .store.storage import Storage, require_space

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from sst.hooks import Failure, LockedWork, Restored

    from .archive.source import Asker
    from .store.listing import Stored

_log = logging.getLogger("sst.plugins.backup")


class Config(StorageSettings, CreateSettings, RestoreSettings):
    """Where backups go, what makes them, what proves them, and how they come back."""


class Plugin:
    """Back the database up before a run; refuse the run when that cannot be done."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def pre_migrate(self, run: Run) -> Backup:
        """Return the backup of the database that *run* is about to change.

        The run's own row in the ledger is in the dump, as `running`.

        Raises `Veto` when there is no such backup; no part of a failed one is left behind.
        """
        storage = Storage(self._config, run.project_root)
        stored = make_backup(self._config, storage, run, run.id)
        if self._config.snapshot == "template":
            from .restore.template_copy import keep_copy

            keep_copy(run, stored.id)
        return stored.backup

    @hookimpl
    def register_commands(self) -> list[click.Command]:
        """Return `backup` and `restore`."""
        from .commands.commands import commands_of

        return commands_of(self._config)

    @hookimpl
    def migrate_failed(self, run: Run, failure: Failure) -> None:
        """Prune after a failed run as well: runs that keep failing must not fill the disk."""
        mine = {failure.backup.id} if failure.backup else set()
        prune_beside(self._config, Storage(self._config, run.project_root), run, mine)

    @hookimpl
    def restore_backup(self, work: LockedWork, backup: Backup) -> Restored:
        """Put *backup* in the place of the database of *work*, as the command does."""
        from .commands.restore_operations import restore_after_failure

        return restore_after_failure(self._config, work, backup)


def make_backup(settings: Config, storage: Storage, asker: Asker, run_id: str | None) -> Stored:
    """Make, prove and store a backup of the database of *asker*: a run, or a command.

    The caller holds the run's lock: unfinished backups of the database are removed first. When it
    is done, those go that the rules of retention keep no longer.

    Raises `Veto` when it cannot be made, proven or stored; no part of it is left behind.
    """
    started = time.monotonic()
    maker = Maker.of(settings, asker)
    database = maker.source.database
    try:
        storage.sweep(database)
        with storage.draft(backup_id(database, run_id)) as draft:
            require_space(storage.directory, maker.source.size_bytes)
            stored = storage.publish(draft, maker.make(draft.id, run_id, draft.folder))
    except OSError as error:
        raise _unwritable(storage.directory, error) from error
    except BaseException as error:
        error.add_note("no backup was made, and none was changed")
        raise
    _tell(stored, time.monotonic() - started)
    prune_beside(settings, storage, asker, {stored.id})
    return stored


def _tell(stored: Stored, seconds: float) -> None:
    manifest = stored.manifest
    size, proven = human_size(manifest.size_bytes), PROVEN[manifest.verified]
    # The first place is in the URI.
    where = ", also at ".join([stored.uri, *stored.places[1:]])
    _log.info("backup %s: %s in %.1f s, %s, %s", stored.id, size, seconds, proven, where)
    if manifest.system_identifier is None:
        _log.warning("backup %s: %s", stored.id, UNKNOWN)
    if manifest.verified == "none":
        _log.warning(
            "backup %s: nobody has read it back (plugins.backup.verify.verifier)", stored.id
        )


def _unwritable(directory: Path, error: OSError) -> Veto:
    return Veto(
        f"the backup could not be written to {directory}: {error.strerror or error}",
        "free space there, make it writable for this user, or set plugins.backup.directory",
    )
