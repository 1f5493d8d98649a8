"""Runs as a plugin gets them, for tests that call a plugin without the migrator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import text

from sst.db.engine import create_direct_engine
from sst.db.url import DatabaseUrl
from sst.hooks import Direction, Inspection, Revision, Run

if TYPE_CHECKING:
    from pathlib import Path


class PlainInspection:
    """A real connection to the database; the revisions in it are the test's to say."""

    current: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    state = "pending"
    version_table = "public.alembic_version"
    brought_by: str | None = None
    needed_backups: frozenset[str] = frozenset()
    schema: str = ""

    def __init__(self, url: DatabaseUrl) -> None:
        self._engine = create_direct_engine(
            url,
            application_name="test-inspection",
            connect_timeout=5,
            autocommit=True,
        )
        self._connection = self._engine.connect()

    def __enter__(self) -> Self:
        """Return the inspection itself."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close the connection."""
        self._connection.close()
        self._engine.dispose()

    def fetch(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql*."""
        return [tuple(row) for row in self._connection.execute(text(sql), parameters)]

    def differences(self) -> tuple[str, ...] | None:
        """Return None: there are no models here."""
        return None


def make_run(url: str, root: Path, **over: Any) -> Run:
    """Return an upgrade from `a1` to `b2` of the database at *url*; *over* replaces fields."""
    database_url = DatabaseUrl(url)

    def inspect() -> Inspection:
        return PlainInspection(over.get("database_url", database_url))

    values: dict[str, Any] = {
        "id": "20261122T143000Z-0f1e2d",
        "command": "upgrade",
        "direction": Direction.UPGRADE,
        "target": "head",
        "environment": "testing",
        "database": database_url.safe,
        "before": ("a1",),
        "after": ("b2",),
        "plan": (Revision("b2", ("a1",), "add a column"),),
        "started_at": datetime.now(UTC),
        "project_root": root,
        "database_url": database_url,
        "inspect": inspect,
    }
    return Run(**{**values, **over})
