"""The process's variables and its working folder."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

_ENVIRON = os.environ
# A public copy encodes and decodes every variable, twice for every call of a hook.
_VARIABLES: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables at one moment."""

    is_own: bool
    """Whether `os.environ` is the object that the process began with."""
    values: dict[bytes, bytes]

    @classmethod
    def now(cls) -> Variables:
        """Return the variables as they are."""
        return cls(os.environ is _ENVIRON, _VARIABLES.copy())

    def changed(self, now: Variables) -> tuple[str, ...]:
        """Return the names of those that differ from *now*, sorted."""
        names = self.values.keys() | now.values.keys()
        differ = (name for name in names if self.values.get(name) != now.values.get(name))
        return tuple(map(os.fsdecode, sorted(differ)))

    def restore(self, now: Variables) -> None:
        """Put them back in place of *now*."""
        os.environ = _ENVIRON  # noqa: B003 - the object that the process began with
        for name in map(os.fsencode, self.changed(now)):
            if name in self.values:
                os.environb[name] = self.values[name]
            else:
                os.environb.pop(name, None)


def working_folder() -> str | None:
    """Return the working folder; None for one that is gone."""
    with suppress(OSError):
        return os.getcwd()  # noqa: PTH109 - a plain text, for it is compared
    return None


def restore_working_folder(folder: str | None) -> None:
    """Go back to *folder*, as far as it is there."""
    with suppress(OSError):
        os.chdir(folder or "/")
