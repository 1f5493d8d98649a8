"""All backups, in one store or several: drafted, published as a whole, found, opened, deleted."""

from __future__ import annotations

import logging
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sst.hooks import Veto, size_text

from ..manifest.manifest import MANIFEST_NAME, damaged
from ..postgres.process import Deadline
from .encryption import decrypt, encrypt, open_name_properties, require_identity
from .listing import Listing, Stored, merged, pick, stored_in
from .local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ..manifest.manifest import Manifest
    from ..manifest.origin import Origin
    from ..manifest.subject import Subject
    from .settings import StorageSettings
    from .store import Scan, Store

_log = logging.getLogger("sst.plugins.backup")
# An archive is rarely below 5 % of its database; less than 2 % free cannot end well. Anything
# stricter would refuse a database that is mostly indexes; a full disk is caught later anyway.
_SMALLEST_SHARE = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """A backup that is being made in *folder*, which only its owner can read."""

    id: str
    folder: Path


class Storage:
    """The stores that *settings* name; a relative folder starts at *project_root*."""

    def __init__(self, settings: StorageSettings, project_root: Path) -> None:
        self._settings = settings
        self._local = LocalStore(project_root / settings.directory)
        far = _far_stores(settings)
        self._stores: tuple[Store, ...] = (self._local, *far)
        # A draft is in the local folder, and becomes the backup there: that comes last.
        self._published: tuple[Store, ...] = self._stores if settings.keep_local else far

    @property
    def directory(self) -> Path:
        """The folder on this machine in which drafts are made."""
        return self._local.directory

    @contextmanager
    def draft(self, backup_id: str) -> Iterator[Draft]:
        """Create the folder of a new backup; unless it is published, it is removed at the end.

        Raises `Veto` when *backup_id* exists or a store is silent, before anything is dumped for
        nothing; `OSError` when it cannot be written.
        """
        for store in reversed(self._stores):
            store.require_free(backup_id)
        with self._local.drafted(backup_id) as folder:
            yield Draft(backup_id, folder)

    def publish(self, draft: Draft, manifest: Manifest) -> Stored:
        """Make *draft*, which was checked, the backup that *manifest* describes.

        It is encrypted and uploaded, if the settings say so, before it has its name.
        Raises `Veto`, or `OSError`, when any of this cannot be done; then there is no backup.
        """
        if self._settings.recipients:
            deadline = Deadline(self._settings.transfer_timeout_seconds)
            manifest = encrypt(draft.folder, manifest, self._settings.recipients, deadline)
        (draft.folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        with ExitStack() as published:
            for store in reversed(self._published):
                store.publish(draft.folder, manifest)
                published.callback(store.discard, manifest.id)
            # When one refuses, this is not reached: the run is refused, and no store keeps it.
            published.pop_all()
        return stored_in(manifest, self._published)

    def list(self) -> Listing:
        """Return every backup; damaged ones, and a store that cannot be asked, are named."""
        elsewhere = ""
        if self._settings.keep_local and self._local.is_elsewhere:
            elsewhere = (
                f"the backups are not here: {self.directory} is empty and on a read-only file"
                " system"
            )
        scans: list[tuple[Store, Scan]] = []
        silent: list[str] = []
        for store in self._stores:
            try:
                scans.append((store, store.scan()))
            except Veto as veto:
                silent.append(veto.reason)
        return merged(scans, elsewhere, "; ".join(silent))

    def expected_share(self, subject: Subject) -> float | None:
        """Return the last backup's size as a share of its subject's; only those here are read."""
        own = [each for each in self._local.scan().manifests if each.subject == subject]
        last = max(own, key=lambda each: each.created_at, default=None)
        return last.size_bytes / last.database_bytes if last and last.database_bytes else None

    def find(
        self,
        wanted: str,
        *,
        subject: Subject | None = None,
        environment: str | None = None,
        origin: Origin | None = None,
    ) -> Stored:
        """Return the backup whose id is *wanted*, or alone begins with it, or the `latest`.

        The latest is looked for among those of *subject*, *environment* and the server *origin*,
        where given.
        Raises `Veto`: `backup_not_found` naming the nearest, `backup_ambiguous`, `backup_damaged`,
        `backup_of_another_server` when the latest are, or `storage_unreachable` when a store is
        silent and could change the answer.
        """
        return pick(self.list(), wanted, subject, environment, origin)

    @contextmanager
    def opened(self, stored: Stored) -> Iterator[Path]:
        """Give a folder on this machine with the checked, decrypted files of *stored*.

        A copy that is damaged in one store is taken from the next. Fetched and decrypted files
        are removed after the body.
        Raises `Veto` (code `backup_damaged`, `backup_locked`, `storage_unreachable`), and
        `ConfigError` when the identity is missing.
        """
        require_identity(stored.manifest, self._settings.identity)
        with ExitStack() as scratch:
            yield self._decrypted(stored.manifest, self._intact(stored, scratch), scratch)

    def name_properties(self, stored: Stored) -> Mapping[str, Any]:
        """Return the own properties of the database of *stored*; none when they are not known.

        Raises as `opened` does: where backups are encrypted, so is this.
        """
        return open_name_properties(stored.manifest, self._settings.identity)

    def delete(self, stored: Stored) -> None:
        """Remove *stored* everywhere, here last; raise `Veto` or `OSError` when that fails."""
        for store in reversed(self._holders(stored)):
            store.remove(stored.id)

    def sweep(self, database: str) -> tuple[str, ...]:
        """Remove unfinished backups of *database* that killed runs left; return their names.

        The caller holds the lock of that database. A failure is logged and changes nothing.
        """
        swept: list[str] = []
        for store in self._stores:
            try:
                swept += store.sweep(database)
            except (Veto, OSError) as error:
                _log.warning("unfinished backups of %s were not removed: %s", database, error)
        if swept:
            _log.info("removed unfinished backups: %s", ", ".join(swept))
        return tuple(swept)

    def _holders(self, stored: Stored) -> tuple[Store, ...]:
        return tuple(store for store in self._stores if store.name in stored.stores)

    def _intact(self, stored: Stored, scratch: ExitStack) -> Path:
        """Return a folder with every file checked, of the nearest store that can give one."""
        manifest, holders = stored.manifest, self._holders(stored)
        if not holders:
            raise damaged(f"it is at {', '.join(stored.stores)}")
        folder = partial(self._scratch, manifest.id, scratch)
        for store, further in pairwise(holders):
            try:
                return store.intact(manifest, folder)
            except Veto as veto:
                _log.warning(
                    "%s at %s: %s; taking it from %s", stored.id, store.name, veto, further.name
                )
        return holders[-1].intact(manifest, folder)

    def _decrypted(self, manifest: Manifest, folder: Path, scratch: ExitStack) -> Path:
        if not manifest.encryption:
            return folder
        target = self._scratch(manifest.id, scratch)
        deadline = Deadline(self._settings.transfer_timeout_seconds)
        decrypt(folder, target, manifest, self._settings.identity, deadline)
        return target

    def _scratch(self, name: str, scratch: ExitStack) -> Path:
        """Return a new folder, on the disk of the backups, that is removed with *scratch*."""
        return scratch.enter_context(self._local.drafted(f"{name}.{uuid4().hex[:8]}"))


def require_space(directory: Path, database_bytes: int) -> None:
    """Raise `Veto` when *directory* has no room for even the smallest likely archive."""
    free = shutil.disk_usage(directory).free
    needed = database_bytes // _SMALLEST_SHARE
    if free < needed:
        raise Veto(
            f"{directory} has {size_text(free)} free; a backup of {size_text(database_bytes)} of"
            f" database needs {size_text(needed)} at the very least",
            "free space on that disk, or set plugins.backup.directory to a larger one",
        )


def _far_stores(settings: StorageSettings) -> tuple[Store, ...]:
    """Return the stores of *settings* that are not the local folder."""
    if not settings.upload_to:
        return ()
    from .remote import RemoteStore

    return (
        RemoteStore(
            settings.upload_to, settings.upload_options, settings.transfer_timeout_seconds
        ),
    )
