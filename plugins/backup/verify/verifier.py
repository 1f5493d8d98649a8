"""The proof of a backup, in three levels: none, read back whole, or restored and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2

from sst.hooks import Veto, proven_text

from ..archive.files import Reader, files_of
from ..archive.pg_dump import NAMES, Archiver
from ..archive.rebuild import PLAIN, RebuildOptions, compare, rebuild
from ..postgres.client_environment import plain_environment
from ..postgres.database_growth import growing
from ..postgres.database_session import reason_of
from ..postgres.task import Task
from ..scratch.borrowed_roles import borrowed_roles
from ..scratch.scratch_database import held_scratch, scratch_name
from ..store.intact import require_intact

if TYPE_CHECKING:
    from pathlib import Path

    from sst.hooks import DatabaseUrl

    from ..manifest.manifest import ArchivedFile, Manifest
    from ..postgres.client_programs import Tools
    from ..postgres.process import Deadline

NONE = "none"
READ = "read"
RESTORE = "restore"
PROVEN = {
    NONE: proven_text("no"),
    READ: proven_text("read"),
    RESTORE: proven_text("restored"),
}
"""The outcome of each level, for people."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Proves backups with *tools*; a scratch database is made on the server of *scratch_url*."""

    tools: Tools
    scratch_url: DatabaseUrl
    deadline: Deadline
    jobs: int = 1
    is_elsewhere: bool = False
    """Whether it is another server, which may lack the roles: they are created and dropped."""
    options: RebuildOptions = PLAIN

    def verify(self, folder: Path, manifest: Manifest, level: str) -> None:
        """Prove the backup in *folder*: its files against *manifest*, then by *level*.

        Raises `Veto` when it is not what was written, or cannot be read or restored.
        """
        if manifest.encryption is None:
            # Decrypted files have other checksums; those of the encrypted files were compared
            # when the backup was opened, and age has found every changed byte.
            require_intact(folder, manifest)
        if level == READ:
            self.read(folder, NAMES[manifest.format])
        elif level == RESTORE:
            self.restore(folder, manifest)

    def read(self, folder: Path, archive: str) -> tuple[ArchivedFile, ...]:
        """Decode every byte of *archive* in *folder*; return its files."""
        # Of a folder of gzip files each can be inflated alone; all else is for pg_restore.
        own = any(path.suffix == ".gz" for path in files_of(folder / archive))
        with self.describing(folder, archive, decode=own) as files:
            archiver = Archiver(self.tools, plain_environment())
            archiver.read_back(folder / archive, self.deadline, contents=not own)
            return files.result(self.deadline)

    def describing(
        self, folder: Path, archive: str, *, decode: bool = False
    ) -> Task[tuple[ArchivedFile, ...]]:
        """Return the task that reads the files of *archive*."""
        reader = Reader(folder, archive)
        return Task("reading the backup", lambda: reader.describe(decode=decode), reader.stop)

    def restore(self, folder: Path, manifest: Manifest) -> None:
        """Restore the archive into a scratch database, compare, and drop that."""
        name = scratch_name(manifest.database, manifest.id)
        borrowed = manifest.roles if self.is_elsewhere else ()
        try:
            with (
                borrowed_roles(self.scratch_url, borrowed),
                held_scratch(self.scratch_url, manifest.database, name),
            ):
                self._rebuild(folder, manifest, name)
                compare(self.scratch_url.with_database(name), manifest, self.deadline)
        except psycopg2.Error as error:
            raise Veto(
                "the backup could not be restored for its verification:"
                f" {reason_of(self.scratch_url, error)}",
                f"check {self._setting} and that its server runs",
            ) from None

    @property
    def _setting(self) -> str:
        return "plugins.backup.verify_database_url" if self.is_elsewhere else "the database URL"

    def _rebuild(self, folder: Path, manifest: Manifest, name: str) -> None:
        title = "restoring the backup to prove it"
        with growing(title, self.scratch_url, name, manifest.database_bytes):
            rebuild(
                folder,
                manifest,
                self.tools,
                self.scratch_url,
                name,
                self.deadline,
                self.jobs,
                analyze=False,
                options=self.options,
            )
