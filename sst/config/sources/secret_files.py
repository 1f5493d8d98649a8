"""Read a value from a file of its own, such as a Docker secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BYTES = 65_536
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The text of a file, or its fault; its `repr` does not hold the text."""

    text: str = field(default="", repr=False)
    fault: str = ""


def read_secret_file(path: Path) -> SecretFile:
    """Return the text of *path* without one trailing newline; everything else stays as it is."""
    try:
        if not path.is_file():
            return SecretFile(fault="is not a file" if path.exists() else "does not exist")
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not a path"
        return SecretFile(fault=f"cannot be read: {reason}")
    return _checked(raw)


def _checked(raw: bytes) -> SecretFile:
    if len(raw) > _LARGEST_BYTES:
        return SecretFile(fault=f"is larger than {_LARGEST_BYTES} bytes")
    if raw.startswith(_BOM):
        return SecretFile(fault="starts with a byte order mark")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return SecretFile(fault="is not UTF-8")
    text = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    return SecretFile(text) if text else SecretFile(fault="is empty")
