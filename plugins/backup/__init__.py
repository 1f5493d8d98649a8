"""A verified dump before every run that changes something, or no run.

A backup is one folder, `<directory>/<id>/`: the archive (pg_dump's custom format) and its
manifest. It gets that name as a whole and last, so what has it is complete, was read back whole,
and has the sha256 that the manifest names.
"""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field

from app.hooks import Backup, Run, Veto, hookimpl

from .archive import Archiver, compression
from .environment import client_environment
from .manifest import ArchivedFile, Manifest, backup_id
from .process import Deadline
from .settings import Folder, StorageSettings
from .source import Source
from .storage import Draft, Storage, require_space
from .tools import Tools, find_tools

if TYPE_CHECKING:
    from pathlib import Path

    from .listing import Stored

ARCHIVE = "archive.dump"

_log = logging.getLogger("sst.plugins.backup")


class Config(StorageSettings):
    """Where backups go and what makes them."""

    pg_bin: Folder | None = Field(
        None,
        description="Folder of pg_dump and pg_restore; without it they are looked up.",
    )
    timeout_seconds: float = Field(
        3600.0,
        gt=0,
        description="Dump and verification are given up, and the run refused, after this long.",
    )


class Plugin:
    """Dump the database before a run; refuse the run when that cannot be done."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def pre_migrate(self, run: Run) -> Backup:
        """Return the verified backup of the database that *run* is about to change.

        The run's own row in the ledger is in the dump, as `running`.

        Raises `Veto` when there is no such backup; no part of a failed one is left behind.
        """
        source = Source.of(run)
        tools = find_tools(source.server_major, self._config.pg_bin)
        storage = Storage(self._config, run.project_root)
        try:
            return self._back_up(run, source, tools, storage).backup
        except OSError as error:
            raise _unwritable(storage.directory, error) from error

    def _back_up(self, run: Run, source: Source, tools: Tools, storage: Storage) -> Stored:
        started = time.monotonic()
        storage.sweep(source.database)
        with storage.draft(backup_id(source.database, run.id)) as draft:
            require_space(storage.directory, source.size_bytes)
            _log.info("backing up %s, %d bytes", source.database, source.size_bytes)
            manifest = self._fill(draft, run, source, tools)
            stored = storage.publish(draft, manifest)
        seconds = time.monotonic() - started
        _log.info(
            "backup %s: %d bytes in %.1f s, verified, %s",
            stored.id,
            stored.manifest.size_bytes,
            seconds,
            stored.uri,
        )
        return stored

    def _fill(self, draft: Draft, run: Run, source: Source, tools: Tools) -> Manifest:
        started = time.monotonic()
        archive = draft.folder / ARCHIVE
        archiver = Archiver(tools, client_environment(run.database_url))
        deadline = Deadline(self._config.timeout_seconds)
        archiver.dump(run.database_url.with_database(source.database), archive, deadline)
        archiver.read_back(archive, deadline)
        with archive.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = archive.stat().st_size
        return Manifest(
            id=draft.id,
            run_id=run.id,
            environment=run.environment,
            database=source.database,
            heads=run.before,
            format="custom",
            compression=compression(tools),
            server_version=source.server_version,
            tool_version=tools.version,
            created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            duration_ms=int((time.monotonic() - started) * 1000),
            database_bytes=source.size_bytes,
            files=(ArchivedFile(ARCHIVE, size, sha256),),
            tables={},
            large_objects=0,
            properties={},
            roles=(),
            verified="read",
        )


def _unwritable(directory: Path, error: OSError) -> Veto:
    return Veto(
        f"the backup could not be written to {directory}: {error.strerror or error}",
        "free space there, make it writable for this user, or set plugins.backup.directory",
    )
