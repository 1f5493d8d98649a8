"""What is known about a backup: the JSON file beside its archive."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.hooks import Backup

if TYPE_CHECKING:
    from pathlib import Path

    from app.hooks import Run

    from .source import Source
    from .storage import Draft
    from .tools import Tools

SCHEMA_VERSION = 1
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup's description; add-only, for later versions must read it."""

    id: str
    run_id: str
    environment: str
    database: str
    """The database's name."""
    heads: tuple[str, ...]
    """The revisions that the database was at."""
    format: str
    server_version: str
    tool_version: str
    """Of the pg_dump that wrote it; restore with this major version or a newer one."""
    size_bytes: int
    sha256: str
    created_at: str
    verified: str
    """`read`: the whole archive was read back."""
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def describe(cls, draft: Draft, run: Run, source: Source, tools: Tools) -> Manifest:
        """Return the manifest of the archive in *draft*, which has been read back."""
        with draft.archive.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(
            id=draft.id,
            run_id=run.id,
            environment=run.environment,
            database=source.database,
            heads=run.before,
            format="custom",
            server_version=source.server_version,
            tool_version=tools.version,
            size_bytes=draft.archive.stat().st_size,
            sha256=sha256,
            created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            verified="read",
        )

    def to_json(self) -> str:
        """Return the manifest as a JSON text that ends with a newline."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_backup(self, archive: Path) -> Backup:
        """Return the value that the core records, prints and notifies."""
        return Backup(
            id=self.id,
            uri=archive.resolve().as_uri(),
            size_bytes=self.size_bytes,
            sha256=self.sha256,
            verified=True,
        )


def backup_id(database: str, run_id: str) -> str:
    """Return a name that sorts by time and is safe as a file: `20261122T143000Z-shop-7e01e1`.

    Of *run_id* the last part is taken: its front is a time as well.
    """
    name = re.sub(r"[^A-Za-z0-9_.]+", "_", database)[:_LONGEST_NAME]
    run = re.split(r"[^A-Za-z0-9]+", run_id)[-1][-8:]
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{run}"
