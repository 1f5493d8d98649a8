"""The promises of a store, whatever its kind: `Storage` knows a store by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..manifest.manifest import Manifest

PARTIAL = ".partial"
"""The end of a name under which a backup, or its manifest, is not complete yet."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something in the store of the name *store* that has the name of a backup and is none."""

    id: str
    store: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """The backups that one store holds."""

    manifests: tuple[Manifest, ...] = ()
    damaged: tuple[Damaged, ...] = ()


class Store(Protocol):
    """Holds backups: a backup is in it as a whole, or is not in it.

    Every method raises `Veto` or `OSError` when the store refuses, fails or does not answer.
    """

    @property
    def name(self) -> str:
        """The name that people and JSON see: `local`, or a URL without credentials."""

    def uri(self, backup_id: str) -> str:
        """Return the URI of the folder of the backup *backup_id*."""

    def scan(self) -> Scan:
        """Return the complete backups, and the damaged ones; no file but manifests is read."""

    def require_free(self, backup_id: str) -> None:
        """Raise `Veto` when the store has a backup of that id already, or is silent."""

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """Take the backup *manifest*, whose files and manifest are in *folder*.

        The store may move *folder*. When this raises, the store holds no such backup.
        """

    def discard(self, backup_id: str) -> None:
        """Remove a backup that another store has refused; a failure is logged, never raised."""

    def intact(self, manifest: Manifest, scratch: Callable[[], Path]) -> Path:
        """Return a folder of this machine with every file of *manifest*, each one checked.

        *scratch* returns a new folder for files that must be fetched.
        Raises `Veto`: `backup_damaged` when a file is not as it was written.
        """

    def remove(self, backup_id: str) -> None:
        """Remove a backup; a half removed one never looks like a backup."""

    def sweep(self, database: str) -> tuple[str, ...]:
        """Remove unfinished backups of *database* whose makers are dead; return their names."""
