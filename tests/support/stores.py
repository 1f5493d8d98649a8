"""Backups of a few bytes, and the places that they lie in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from plugins.backup import Config
from plugins.backup.manifest.manifest import ArchivedFile, Manifest
from plugins.backup.store.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from plugins.backup.store.listing import Stored

ID = "20261122T143000Z-shop-7e01e1"
SMALL = {"archive.dump": b"archive of the shop"}


def storage(root: Path, **settings: Any) -> Storage:
    """Return the storage of a project at *root*."""
    return Storage(Config(**settings), root)


def manifest(backup_id: str = ID, files: Mapping[str, bytes] = SMALL, **changes: Any) -> Manifest:
    """Return what is true of a backup with *files*; the id says when it was made."""
    stamp, database, _ = backup_id.split("-")
    date, time = stamp[:8], stamp[9:15]
    values: dict[str, Any] = {
        "id": backup_id,
        "run_id": "r1",
        "environment": "testing",
        "database": database,
        "heads": ("a1",),
        "format": "custom",
        "compression": "1",
        "server_version": "18.4",
        "tool_version": "18.4",
        "created_at": f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}Z",
        "duration_ms": 1,
        "database_bytes": 1,
        "files": tuple(
            ArchivedFile(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in files.items()
        ),
        "tables": {'public."Order"': 7},
        "large_objects": 0,
        "properties": {},
        "roles": (),
        "verified": "read",
    }
    return Manifest(**{**values, **changes})


def publish(
    where: Storage, backup_id: str = ID, files: Mapping[str, bytes] = SMALL, **changes: Any
) -> Stored:
    """Make a backup with *files*, as the plugin makes it of a dump."""
    with where.draft(backup_id) as draft:
        for name, content in files.items():
            path = draft.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return where.publish(draft, manifest(backup_id, files, **changes))


def names(folder: Path) -> list[str]:
    """Return the names in *folder*; none when it is not there."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
