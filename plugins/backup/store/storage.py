"""All backups, wherever they lie: drafted, published as a whole, found, opened, deleted."""

from __future__ import annotations

import logging
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sst.hooks import Veto

from ..manifest.manifest import MANIFEST_NAME
from ..postgres.process import Deadline
from ..postgres.progress_line import human_size
from .encryption import decrypt, encrypt, opened_name_properties, require_identity
from .listing import Listing, Stored, merged, pick
from .local import LocalStore, Scan, damaged, require_intact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ..manifest.manifest import Manifest
    from ..manifest.origin import Origin
    from .remote import RemoteStore
    from .settings import StorageSettings

_log = logging.getLogger("sst.plugins.backup")
# An archive is rarely below 5 % of its database; less than 2 % free cannot end well. Anything
# stricter would refuse a database that is mostly indexes; a full disk is caught later anyway.
_SMALLEST_SHARE = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """A backup that is being made in *folder*, which nobody else can read."""

    id: str
    folder: Path


class Storage:
    """The places that *settings* name; a relative folder starts at *project_root*."""

    def __init__(self, settings: StorageSettings, project_root: Path) -> None:
        self._settings = settings
        self._local = LocalStore(project_root / settings.directory)
        self._remote = _remote(settings)

    @property
    def directory(self) -> Path:
        """The folder on this machine in which drafts are made."""
        return self._local.directory

    @contextmanager
    def draft(self, backup_id: str) -> Iterator[Draft]:
        """Create the folder of a new backup; what is not published from it is removed at the end.

        Raises `Veto` when *backup_id* exists or the second place is silent, before anything is
        dumped for nothing; `OSError` when it cannot be written.
        """
        if self._remote:
            self._remote.require_free(backup_id)
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
        if self._remote:
            self._remote.upload(draft.folder, manifest)
        if self._settings.keep_local:
            self._keep(draft, manifest)
        return self._stored(manifest, self._published_at())

    def list(self) -> Listing:
        """Return every backup; what is damaged, and a second place that is silent, are named."""
        local, remote, unreachable = self._scans()
        places = [(self._local.name, local)]
        if self._remote:
            places.append((self._remote.name, remote))
        return merged(places, self._stored, unreachable)

    def find(
        self,
        wanted: str,
        *,
        database: str | None = None,
        environment: str | None = None,
        origin: Origin | None = None,
    ) -> Stored:
        """Return the backup whose id is *wanted*, or alone begins with it, or the `latest`.

        The latest is looked for among those of *database*, *environment* and the server *origin*,
        where given.
        Raises `Veto`: `backup_not_found` naming the nearest, `backup_ambiguous`, `backup_damaged`,
        `backup_of_another_server` when the latest are, or `storage_unreachable` when the second
        place is silent and could change the answer.
        """
        return pick(self.list(), wanted, database, environment, origin)

    @contextmanager
    def opened(self, stored: Stored) -> Iterator[Path]:
        """Give a folder on this machine with the checked, decrypted files of *stored*.

        A copy that is damaged here is fetched from the second place. What was fetched or
        decrypted is removed after the body.
        Raises `Veto` (code `backup_damaged`, `backup_locked`, `storage_unreachable`), and
        `ConfigError` when the identity is missing.
        """
        require_identity(stored.manifest, self._settings.identity)
        with ExitStack() as kept:
            yield self._decrypted(stored.manifest, self._intact(stored, kept), kept)

    def belongings(self, stored: Stored) -> Mapping[str, Any]:
        """Return what belonged to the name of the database of *stored*; nothing when not known.

        Raises as `opened` does: where backups are encrypted, so is this.
        """
        return opened_name_properties(stored.manifest, self._settings.identity)

    def delete(self, stored: Stored) -> None:
        """Remove *stored* everywhere, here last; raise `Veto` or `OSError` when that fails."""
        if self._remote and self._remote.name in stored.places:
            self._remote.remove(stored.id)
        if self._local.name in stored.places:
            self._local.remove(stored.id)

    def sweep(self, database: str) -> tuple[str, ...]:
        """Remove what killed runs left of backups of *database*, and return the names.

        The caller holds the lock of that database. A failure is logged and changes nothing.
        """
        swept: list[str] = []
        for place in (self._local, self._remote):
            try:
                swept += place.sweep(database) if place else ()
            except (Veto, OSError) as error:
                _log.warning("unfinished backups of %s were not removed: %s", database, error)
        if swept:
            _log.info("removed unfinished backups: %s", ", ".join(swept))
        return tuple(swept)

    def _published_at(self) -> tuple[str, ...]:
        local = (self._local.name,) if self._settings.keep_local else ()
        return (*local, self._remote.name) if self._remote else local

    def _keep(self, draft: Draft, manifest: Manifest) -> None:
        try:
            self._local.publish(draft.folder, manifest.id)
        except BaseException:
            # The run is refused, and with it the copy that lies elsewhere already.
            if self._remote:
                self._remote.discard(manifest.id)
            raise

    def _stored(self, manifest: Manifest, places: tuple[str, ...]) -> Stored:
        if places[0] == self._local.name:
            uri = (self.directory / manifest.id).resolve().as_uri()
        else:
            uri = f"{places[0]}/{manifest.id}"
        return Stored(manifest, places, uri)

    def _scans(self) -> tuple[Scan, Scan, str]:
        local = self._local.scan()
        try:
            return local, self._remote.scan() if self._remote else Scan(), ""
        except Veto as veto:
            return local, Scan(), veto.reason

    def _intact(self, stored: Stored, kept: ExitStack) -> Path:
        """Return a folder with every file as its manifest says, fetched when it must be."""
        remote = self._remote if self._remote and self._remote.name in stored.places else None
        if self._local.name in stored.places:
            folder = self.directory / stored.id
            try:
                require_intact(folder, stored.manifest)
            except (Veto, OSError) as error:
                if remote is None:
                    raise _unreadable(error) from error
                _log.warning("%s here: %s; fetching it from %s", stored.id, error, remote.name)
            else:
                return folder
        if remote is None:
            raise _unreadable(FileNotFoundError(f"it lies at {', '.join(stored.places)}"))
        return self._fetched(remote, stored.manifest, kept)

    def _fetched(self, remote: RemoteStore, manifest: Manifest, kept: ExitStack) -> Path:
        folder = self._scratch(manifest.id, kept)
        remote.download(manifest, folder)
        require_intact(folder, manifest)
        return folder

    def _decrypted(self, manifest: Manifest, folder: Path, kept: ExitStack) -> Path:
        if not manifest.encryption:
            return folder
        target = self._scratch(manifest.id, kept)
        deadline = Deadline(self._settings.transfer_timeout_seconds)
        decrypt(folder, target, manifest, self._settings.identity, deadline)
        return target

    def _scratch(self, name: str, kept: ExitStack) -> Path:
        """Return a new folder, on the disk of the backups, that goes with *kept*."""
        return kept.enter_context(self._local.drafted(f"{name}.{uuid4().hex[:8]}"))


def require_space(directory: Path, database_bytes: int) -> None:
    """Raise `Veto` when *directory* has no room for even the smallest likely archive."""
    free = shutil.disk_usage(directory).free
    needed = database_bytes // _SMALLEST_SHARE
    if free < needed:
        raise Veto(
            f"{directory} has {human_size(free)} free; a backup of {human_size(database_bytes)} of"
            f" database needs {human_size(needed)} at the very least",
            "free space on that disk, or set plugins.backup.directory to a larger one",
        )


def _remote(settings: StorageSettings) -> RemoteStore | None:
    if not settings.upload_to:
        return None
    from .remote import RemoteStore

    return RemoteStore(
        settings.upload_to, settings.upload_options, settings.transfer_timeout_seconds
    )


def _unreadable(error: Exception) -> Veto:
    return error if isinstance(error, Veto) else damaged(str(error))
