"""A stand-in for the core's `LockedWork`, for tests of the steps in between."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugins.backup.manifest.backup_id import backup_id
from plugins.backup.manifest.manifest import Manifest
from plugins.backup.postgres import marks
from plugins.backup.postgres.create_database import creation
from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.restore.restore import RestoreSource
from sst.db.url import DatabaseUrl
from tests.support.backups import execute, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.hooks import Backup, Inspection


@dataclass
class Work:
    """Work under a lock that no other session wants; remembers what it was told."""

    url: str
    id: str = "20261122T143000Z-7e01e1"
    environment: str = "development"
    project_root: Path = Path()
    heads: tuple[str, ...] = ("r2",)
    recorded_in: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    in_between: Callable[[], None] = lambda: None
    """What happens when the core has stepped aside."""

    @property
    def database_url(self) -> DatabaseUrl:
        """The live database."""
        return DatabaseUrl(self.url)

    def inspect(self) -> Inspection:
        """Fail: a restore asks nothing here."""
        raise AssertionError("nothing is to be asked")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Do nothing: nobody else is there."""
        yield

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let happen what is to happen meanwhile."""
        self.in_between()
        yield

    def copy_record(
        self, url: DatabaseUrl, *, heads: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Leave a mark, and read the heads."""
        self.recorded_in.append(url.name)
        execute(url.reveal(), "CREATE TABLE IF NOT EXISTS record (run text)")
        found = tuple(row[0] for row in fetch(url.reveal(), "SELECT head FROM version"))
        return heads if heads is not None else found

    def made(self, backup: Backup) -> None:
        """Do nothing: there is no record."""
        del backup

    def restored(self, message: str, *, heads: tuple[str, ...], backup: Backup | None) -> None:
        """Remember it."""
        from_backup = f" [{backup.id}]" if backup else ""
        self.messages.append(f"{','.join(heads)}: {message}{from_backup}")


def source(server_url: str, live: str, head: str = "r1", **changes: Any) -> RestoreSource:
    """Return a backup of *live* at *head*, whose rebuild is two tables."""
    manifest = Manifest(
        id=backup_id(live),
        run_id=None,
        environment="development",
        database=live,
        heads=(head,),
        format="custom",
        compression="gzip",
        server_version="18.4",
        tool_version="18.4",
        created_at="2026-11-22T14:30:00Z",
        duration_ms=1,
        database_bytes=8_000_000,
        files=(),
        tables={},
        large_objects=0,
        properties={},
        roles=(),
        verified="read",
    )

    def rebuild(url: DatabaseUrl) -> None:
        make_ours(server_url, url.name)
        fill(url.reveal(), "restored", head)

    values = {"manifest": manifest, "backup": manifest.to_backup("file:///b"), "rebuild": rebuild}
    return RestoreSource(**{**values, **changes})


def make_ours(server_url: str, name: str) -> None:
    """Create the empty database *name* as a restore does, with our mark."""
    with connected(DatabaseUrl(server_url).with_database(name)) as server:
        server.execute(creation(name, {}))
        marks.put(server, name)


def fill(url: str, word: str, head: str) -> None:
    """Write into the database of *url* who it is and at which revision."""
    execute(url, f"CREATE TABLE whoami AS SELECT text '{word}' AS word")
    execute(url, f"CREATE TABLE version AS SELECT text '{head}' AS head")
