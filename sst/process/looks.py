"""What the process opens, lists, looks for, starts and connects to, told to whoever listens.

Python's own audit events tell of most of it; of `os.stat` and the like there is none.
The interpreter takes no hook back, so there is one for the process, which hands the events on.
Source: Python manual, "Audit events table".
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Listener = Callable[[str, tuple[object, ...]], None]

LOOKS = ("stat", "lstat", "access")
"""The functions of `os` behind `Path.exists` and the like."""
_listeners: list[Listener] = []


@contextmanager
def audited(listener: Listener) -> Iterator[None]:
    """Let *listener* hear name and arguments of each event in the body; what it raises ends it."""
    _install()
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def looked_for(listener: Callable[[str], None]) -> Iterator[None]:
    """Let *listener* hear each path, absolute, that is looked for in the body."""
    with ExitStack() as stack:
        for name in LOOKS:
            stack.enter_context(_heard(name, listener))
        yield


@contextmanager
def _heard(name: str, listener: Callable[[str], None]) -> Iterator[None]:
    original = getattr(os, name)

    @wraps(original)
    def look(path: int | str | bytes | os.PathLike[str], *words: object, **more: object) -> object:
        if not isinstance(path, int):
            listener(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - as it is
        return original(path, *words, **more)

    setattr(os, name, look)
    try:
        yield
    finally:
        setattr(os, name, original)


@cache
def _install() -> None:
    sys.addaudithook(_hand_on)


def _hand_on(event: str, arguments: tuple[object, ...]) -> None:
    for listener in tuple(_listeners):
        listener(event, arguments)
