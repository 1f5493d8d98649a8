"""The outcome of `revision`: the file, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class WrittenRevision:
    """A new revision file, or the reason why there is none."""

    path: Path | None
    """None when there is nothing to write."""
    found: tuple[str, ...] = ()
    """Its operations in words, as autogenerate found them."""
    warnings: tuple[str, ...] = ()
    """What its author should know: what it drops, what may be a rename, what is left to do."""
    is_agreed: bool = False
    """Whether models and schema agree, so that nothing was written."""
