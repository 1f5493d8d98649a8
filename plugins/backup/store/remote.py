"""The store behind a URL: any that fsspec has a driver for.

A backup is there from the moment on that its `manifest.json` is: everything else was uploaded and
read back before. Until then the manifest has the name `manifest.json.partial`, by which an upload
that did not end is known, and swept.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sst.hooks import NoAnswerError, Veto

from ..manifest.backup_id import is_id, is_of, moment_of
from ..manifest.manifest import LARGEST_MANIFEST, MANIFEST_NAME, Manifest
from ..postgres.process import Deadline
from ..postgres.task import Watch, watched
from .drivers.transfer import Transfer
from .drivers.url import secrets_in, shown_url
from .intact import require_intact, require_named
from .store import PARTIAL, Damaged, Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

T = TypeVar("T")

_log = logging.getLogger("sst.plugins.backup")
_LOOK_SECONDS = 60.0
_TIDY_SECONDS = 15.0
# From the id's moment on: a dump and its check come before the upload.
_UNFINISHED = timedelta(days=1)
_HINT = "check plugins.backup.upload_to, upload_options and the network, then try again"


class RemoteStore:
    """The folder, or the prefix of keys, that *url* names, opened with *options*."""

    def __init__(self, url: str, options: Mapping[str, Any], timeout_seconds: float) -> None:
        self.name = shown_url(url)
        self._url = url
        self._options = options
        self._timeout_seconds = timeout_seconds
        self._opened: Transfer | None = None

    def uri(self, backup_id: str) -> str:
        """Return the URL of the backup's folder, without credentials."""
        return f"{self.name}/{backup_id}"

    def scan(self) -> Scan:
        """Return the backups there; raise `Veto` (`storage_unreachable`) when it is silent."""
        return self._try("the backups cannot be listed at", _LOOK_SECONDS, self._scan)

    def require_free(self, backup_id: str) -> None:
        """Raise `Veto` (`upload_failed`) when the store is silent, or has a backup of that id."""

        def look(transfer: Transfer) -> None:
            if transfer.exists(backup_id):
                raise Veto(f"something of the name {backup_id} is there already")

        self._try("no backup can be uploaded to", _LOOK_SECONDS, look, code="upload_failed")

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """Copy the files of *manifest* and the manifest from *folder*, and read them back.

        Raises `Veto` (code `upload_failed`) when anything is not there, byte for byte, in time;
        then there is no backup, and what was uploaded is removed where the store can be reached.
        """
        state = _State()
        try:
            self._try(
                "the backup could not be uploaded to",
                self._timeout_seconds,
                lambda transfer: self._upload(transfer, folder, manifest, state),
                code="upload_failed",
            )
        except BaseException:
            if state.began and not state.commits:
                self.discard(manifest.id)
            raise

    def discard(self, backup_id: str) -> None:
        """Remove a refused backup soon, or log that a later run does it."""
        try:
            self._try("", _TIDY_SECONDS, lambda transfer: transfer.remove(backup_id))
        except Veto:
            _log.warning(
                "files of %s may still be at %s; a later run removes them", backup_id, self.name
            )

    def intact(self, manifest: Manifest, scratch: Callable[[], Path]) -> Path:
        """Return *scratch* with every file fetched and checked."""
        folder = scratch()
        self._try(
            f"{manifest.id} could not be fetched from",
            self._timeout_seconds,
            lambda transfer: transfer.get(manifest.id, manifest.files, folder),
        )
        require_intact(folder, manifest)
        return folder

    def remove(self, backup_id: str) -> None:
        """Remove the backup, its manifest first: a half removed one is none."""
        what = f"{backup_id} could not be deleted at"
        self._try(what, self._timeout_seconds, lambda transfer: transfer.remove(backup_id))

    def sweep(self, database: str, now: datetime | None = None) -> tuple[str, ...]:
        """Remove uploads for *database* that did not end, once they cannot be going on any more.

        A database of the same name elsewhere may upload to the same store.
        """
        limit = _UNFINISHED + timedelta(seconds=self._timeout_seconds)
        since = (now or datetime.now(UTC)) - limit
        what = "unfinished uploads cannot be removed at"
        return self._try(what, _LOOK_SECONDS, lambda transfer: _sweep(transfer, database, since))

    def _scan(self, transfer: Transfer) -> Scan:
        names = [name for name in transfer.names() if is_id(name)]
        manifests: list[Manifest] = []
        found_damaged: list[Damaged] = []
        read = transfer.read_all(names, MANIFEST_NAME, LARGEST_MANIFEST)
        for name, text in read.items():
            try:
                manifests.append(require_named(_parsed(text), name))
            except Veto as veto:
                found_damaged.append(Damaged(name, self.name, veto.reason))
        return Scan(tuple(manifests), tuple(found_damaged))

    def _upload(self, transfer: Transfer, folder: Path, manifest: Manifest, state: _State) -> None:
        text = manifest.to_json().encode()
        state.began = True
        transfer.write(manifest.id, f"{MANIFEST_NAME}{PARTIAL}", text)
        transfer.put(manifest.id, manifest.files, folder)
        transfer.require_same(manifest.id, manifest.files)
        # From here on a stalled request may still succeed: its files are left to the sweep.
        state.commits = True
        try:
            transfer.commit(manifest.id, f"{MANIFEST_NAME}{PARTIAL}", MANIFEST_NAME, text)
        finally:
            state.commits = False

    def _try(
        self,
        what: str,
        seconds: float,
        work: Callable[[Transfer], T],
        code: str = "storage_unreachable",
    ) -> T:
        """Return what *work* does with the opened store; say *what* failed, without secrets."""
        deadline = Deadline(seconds)

        def opened(watch: Watch) -> T:
            if self._opened is None:
                self._opened = Transfer(self._url, self._options)
            return work(self._opened.watched(watch))

        try:
            return watched(opened, deadline)
        except NoAnswerError:
            self._cut()
            reason = f"not done after {seconds:g} s"
        except Veto as veto:
            reason = veto.reason
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            reason = self._described(error)
        raise Veto(f"{what} {self.name}: {reason}", _HINT, code=code)

    def _cut(self) -> None:
        """Give up the connections that hang; what comes next gets new ones."""
        hanging, self._opened = self._opened, None
        if hanging is not None:
            hanging.cut()

    def _described(self, error: Exception) -> str:
        text = " ".join(str(error).split()) or type(error).__name__
        for secret in sorted(secrets_in(self._url, self._options), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


class _State:
    """How far an upload came."""

    began = False
    commits = False


def _parsed(text: bytes | Veto | None) -> Manifest:
    if isinstance(text, Veto):
        raise text
    if text is None:
        raise Veto("its upload or its removal did not end: it has no manifest")
    return Manifest.from_json(text)


def _sweep(transfer: Transfer, database: str, since: datetime) -> tuple[str, ...]:
    names = [name for name in transfer.names() if is_id(name) and is_of(name, database)]
    done = transfer.read_all(names, MANIFEST_NAME, LARGEST_MANIFEST)
    swept = [name for name in names if done[name] is None and moment_of(name) < since]
    for name in swept:
        transfer.remove(name)
    return tuple(swept)
