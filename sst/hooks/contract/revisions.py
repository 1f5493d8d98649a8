"""Revision files as a plugin sees them, and those that it brings; add-only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Direction(StrEnum):
    """Which way a run moves the schema."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file, as a plugin sees it."""

    id: str
    down_revisions: tuple[str, ...]
    description: str
    path: Path | None = None
    branch_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Migrations:
    """A plugin's own revisions: a folder of files under a branch label of its own."""

    path: Path
    branch_label: str
    metadata: Sequence[Any] = ()
    """SQLAlchemy MetaData of the plugin's tables, for autogenerate; it may name the project's."""
