"""One obstacle to a rebuild, and what is looked at to find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why a rebuild by this role fails, and what to do."""

    what: str
    remedy: str
    is_certain: bool = True

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Ready:
    """The content of the template of a rebuild."""

    extensions: list[str]
    schemas: list[str]
    only: str = ""
    """The one schema that is rebuilt; empty for the whole database."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the questions."""
        return {"ready": self.schemas, "schema": self.only}
