"""A proven dump before every run that changes something, or no run.

A backup is one folder, `<directory>/<id>/`: the archive (one file in pg_dump's custom format, or a
folder in its directory format) and the manifest. It gets that name as a whole and last, so a
folder of that name is complete, was proven, and has the sha256 that the manifest names.

- `archive/`: the archive: written, packed, read, rebuilt and compared
- `commands/`: the commands `backup` and `restore`, their work and their texts
- `make/`: one new backup: snapshot, dump, counts, obstacles to a restore
- `manifest/`: the facts about a backup, in the file beside it, and its id
- `one_schema/`: one schema as the subject of a backup, and what is around it
- `postgres/`: the database and its server: sessions, client programs, properties, marks
- `restore/`: a restore: rebuild, swap and undo; template copies
- `scratch/`: databases that live for one verification or one plan
- `settings.py`: all settings, one model out of those of the rooms
- `store/`: the stores of backups, local and behind a URL, and retention
- `verify/`: the proof of a backup, up to a restore into a scratch database
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks import Backup, Run, hookimpl

from .settings import Config

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import click

    from sst.hooks import DatabaseUrl, Failure, LockedWork, Restored

__all__ = ["Config", "Plugin"]

COMMANDS = ("backup", "restore")


class Plugin:
    """Back the database up before a run; refuse the run when that cannot be done."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def pre_migrate(self, run: Run) -> Backup:
        """Return the backup of the database, or of the schema, that *run* is about to change.

        The run's own row in the ledger is in the dump, as `running`.

        Raises `Veto` when there is no such backup; no part of a failed one is left behind.
        """
        from .make.make_backup import make_backup
        from .store.storage import Storage

        storage = Storage(self._config, run.project_root)
        stored = make_backup(self._config, storage, run, run.id)
        # A copy of files is of a whole database.
        if self._config.snapshot == "template" and not run.database_url.schema:
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
        from .store.retention import prune_beside
        from .store.storage import Storage

        mine = {failure.backup.id} if failure.backup else set()
        prune_beside(self._config, Storage(self._config, run.project_root), run, mine)

    @hookimpl
    def copy_schema(
        self, source: DatabaseUrl | None, server: DatabaseUrl, seconds: float
    ) -> AbstractContextManager[DatabaseUrl]:
        """Return what makes a scratch database on *server* with the schema of *source*, if any."""
        from .scratch.schema_copy import copied_schema, empty_scratch

        if source is None:
            return empty_scratch(server, seconds)
        return copied_schema(self._config, source, server, seconds)

    @hookimpl
    def restore_backup(self, work: LockedWork, backup: Backup) -> Restored:
        """Replace the database of *work* by *backup*, as the command does."""
        from .commands.restore_operations import restore_after_failure

        return restore_after_failure(self._config, work, backup)
