"""What one schema needs of its database, and a backup of it does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key of the schema to a table outside of it."""

    table: str
    name: str
    to: str
    """The other table, qualified and quoted."""

    @property
    def entry(self) -> str:
        """Its name in the table of contents of an archive, behind that of the schema."""
        return f"{self.table} {self.name}"

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.name} of {self.table} to {self.to}"


@dataclass(frozen=True, slots=True)
class Outside:
    """What one schema needs that is in no backup of it; nothing for a whole database."""

    needs: tuple[str, ...] = ()
    """In the server's words, such as `extension citext` and `table public.country`."""
    foreign_keys: tuple[ForeignKey, ...] = ()

    @classmethod
    def in_manifest(cls, values: Any) -> Outside:  # noqa: ANN401 - JSON of any origin
        """Return what the *values* of a manifest say; what is malformed says nothing."""
        found = values if isinstance(values, dict) else {}
        keys = [key for key in _listed(found.get("foreign_keys")) if isinstance(key, dict)]
        return cls(
            tuple(map(str, _listed(found.get("needs")))),
            tuple(ForeignKey(*(str(key.get(name)) for name in _KEYS)) for key in keys),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        keys = [{name: getattr(key, name) for name in _KEYS} for key in self.foreign_keys]
        return {"needs": list(self.needs), "foreign_keys": keys}


_KEYS = ("table", "name", "to")


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
