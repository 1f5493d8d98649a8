"""What is kept of a command: what it came of, what the server said, and what it printed."""

from __future__ import annotations

import json
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from sst.kept.store import Store

if TYPE_CHECKING:
    from sst.kept.varying import Part

STORE = Store("answers", most=300)
_FORM = 2
_OLDEST_SECONDS = 24 * 60 * 60


class Record(NamedTuple):
    """The answer of one command."""

    at: float
    """When it was given, in seconds since the epoch."""
    folders: dict[str, list[str]]
    """The files and folders that it came of, by folder."""
    files: str
    """Their digest."""
    keywords: dict[str, Any]
    """Those of the connection, without a password."""
    password: list[str]
    """The place of the URL with the password; empty for none."""
    question: str
    answer: str
    """The digest that the server answered with."""
    stdout: list[Part]
    stderr: list[Part]
    is_believed: bool
    """Whether the server answered the same before the command looked, and after it."""
    form: int = _FORM

    @property
    def is_young(self) -> bool:
        """Whether it was given less than a day ago: what it came of is not all that there is."""
        return 0 <= time.time() - self.at <= _OLDEST_SECONDS

    def to_json(self) -> str:
        """Return it as a text."""
        return json.dumps(self._asdict(), ensure_ascii=False)


def read(key: str) -> Record | None:
    """Return what is kept of the call *key*; None for nothing, and for another form."""
    content = STORE.read(key)
    if content is None:
        return None
    digest, _, text = content.partition(b"\n")
    if digest != _digest(text):
        return None
    try:
        found = Record(**json.loads(text))
    except (ValueError, TypeError):
        return None
    return found if found.form == _FORM else None


def write(key: str, text: str) -> None:
    """Keep *text*, a record as `to_json` returns it, of the call *key*."""
    content = text.encode(errors="surrogateescape")
    STORE.write(key, _digest(content) + b"\n" + content)


def _digest(content: bytes) -> bytes:
    """Return what shows that *content* is whole."""
    return blake2b(content).hexdigest().encode()
