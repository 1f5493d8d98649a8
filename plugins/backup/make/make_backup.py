"""One backup from beginning to end: made, proven, stored, and the old ones pruned."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from errno import EROFS
from typing import TYPE_CHECKING

from sst.hooks import Veto, size_text, trace_span

from ..manifest.backup_id import backup_id
from ..manifest.origin import UNKNOWN
from ..store.retention import prune_beside
from ..store.storage import Storage, require_space
from ..verify.verifier import NONE, PROVEN
from .maker import Maker

if TYPE_CHECKING:
    from pathlib import Path

    from ..archive.source import BackupTarget
    from ..settings import Config
    from ..store.listing import Stored

_log = logging.getLogger("sst.plugins.backup")


def make_backup(
    settings: Config, storage: Storage, target: BackupTarget, run_id: str | None
) -> Stored:
    """Make, prove and store a backup of the subject of *target*: a run, or a command.

    The caller holds the run's lock: unfinished backups of the subject are removed first. When it
    is done, backups that no rule of retention keeps are removed.

    Raises `Veto` when it cannot be made, proven or stored; no part of it is left behind.
    """
    with trace_span("backup", {"db.namespace": target.database_url.name}):
        return _make(settings, storage, target, run_id)


def _make(settings: Config, storage: Storage, target: BackupTarget, run_id: str | None) -> Stored:
    started = time.monotonic()
    maker = Maker.of(settings, target)
    subject = maker.source.subject
    maker = replace(maker, expected_share=storage.expected_share(subject))
    try:
        storage.sweep(subject.word)
        with storage.draft(backup_id(subject.word, run_id)) as draft:
            require_space(storage.directory, maker.source.size_bytes)
            stored = storage.publish(draft, maker.make(draft.id, run_id, draft.folder))
    except OSError as error:
        raise _unwritable(storage.directory, error) from error
    except BaseException as error:
        error.add_note("no backup was made, and none was changed")
        raise
    _log_result(stored, time.monotonic() - started)
    prune_beside(settings, storage, target, {stored.id})
    return stored


def _log_result(stored: Stored, seconds: float) -> None:
    manifest = stored.manifest
    size, proven = size_text(manifest.size_bytes), PROVEN[manifest.verified]
    # The first store is in the URI.
    where = ", also at ".join([stored.uri, *stored.stores[1:]])
    _log.info("backup %s: %s in %.1f s, %s, %s", stored.id, size, seconds, proven, where)
    if manifest.system_identifier is None:
        _log.warning("backup %s: %s", stored.id, UNKNOWN)
    if manifest.verified == NONE:
        _log.warning("backup %s: not verified (plugins.backup.verify)", stored.id)


def _unwritable(directory: Path, error: OSError) -> Veto:
    hint = "free space there, make it writable for this user, or set plugins.backup.directory"
    if error.errno == EROFS:
        # So it is in a container that serves: the volume is in the one that migrates.
        hint = (
            "type it where their disk is mounted, as in `python migrate.py backup create`, or set"
            " plugins.backup.directory"
        )
    return Veto(f"the backup could not be written to {directory}: {error.strerror or error}", hint)
