"""How many databases may fail before nothing more is begun."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPELLED = re.compile(r"(?P<number>\d+)(?P<percent>%?)")
_ALL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Budget:
    """A number of failures that is still borne: *most*, or *percent* of the databases."""

    most: int = 0
    percent: int | None = None

    @classmethod
    def of(cls, text: str) -> Budget:
        """Return what *text* says: `5` or `10%`. Raises `ValueError` for anything else."""
        found = _SPELLED.fullmatch(text.strip())
        if found is None:
            raise ValueError("is neither a number nor a percentage")
        number = int(found["number"])
        if not found["percent"]:
            return cls(number)
        if number > _ALL_PERCENT:
            raise ValueError("is more than 100%")
        return cls(percent=number)

    def allows(self, failures: int, of: int) -> bool:
        """Say whether *failures* among all *of* the databases are within it."""
        if self.percent is None:
            return failures <= self.most
        return failures * _ALL_PERCENT <= self.percent * of

    def __str__(self) -> str:
        """Return it as it is spelled."""
        return str(self.most) if self.percent is None else f"{self.percent}%"


NO_LIMIT = Budget(percent=_ALL_PERCENT)
