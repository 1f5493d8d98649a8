"""The output of a plugin's call: so much of it goes on, the rest is counted."""

from __future__ import annotations

import errno
import os
import sys
import threading
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    Mask = Callable[[str], str]

_GONE = frozenset({errno.EPIPE, errno.EIO, errno.ENXIO})
LIMIT_CHARACTERS = 64 * 1024
"""Of one call of one plugin, both streams and its log lines together."""


class Quota:
    """The characters that one call may still print."""

    def __init__(self, characters: int = LIMIT_CHARACTERS, *, owner: str = "") -> None:
        self._left = characters
        self.owner = owner
        """The plugin that is called; empty when several are."""
        self.dropped = 0
        """Characters that were printed beyond it."""

    def take(self, text: str) -> str:
        """Return what of *text* may be printed."""
        kept = text[: self._left]
        self._left -= len(kept)
        if len(kept) == len(text):
            return text
        self.dropped += len(text) - len(kept)
        return f"{kept}\n" if kept else ""

    def close(self) -> None:
        """Let nothing more through: the call is over, and a thread of it may still be printing."""
        self._left = 0


_CURRENT: ContextVar[Quota | None] = ContextVar("sst_quota", default=None)
_LATEST: list[Quota] = []
_LEFT: WeakKeyDictionary[threading.Thread, Quota] = WeakKeyDictionary()


class BoundedStream:
    """A stream that holds the call of a plugin to its quota, and lets everything else pass.

    *mask* takes the secrets out of all that is written.
    """

    def __init__(self, stream: TextIO, mask: Mask | None = None) -> None:
        self._stream = stream
        self.mask = mask
        self.above: Callable[[str], object] | None = None
        """Where it is written instead, while live lines are at the stream's end."""
        self.is_needed = True
        """Whether an `OSError` is raised when nobody can read it; a run needs no reader."""

    @property
    def unbounded(self) -> TextIO:
        """The stream itself."""
        return self._stream

    def write(self, text: str) -> int:
        """Write what the quota of the calling thread leaves of *text*, without secrets."""
        if not isinstance(text, str):
            # click asks so whether a stream is one of text.
            raise TypeError(f"a stream of text takes no {type(text).__name__}")
        quota = _quota()
        kept = text if quota is None else quota.take(text)
        write = self.above or self._stream.write
        with self._read_by_nobody():
            write(self.mask(kept) if self.mask and kept.strip() else kept)
        return len(text)

    def flush(self) -> None:
        """Write what the stream still holds."""
        with self._read_by_nobody():
            self._stream.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        """Write *lines* one by one."""
        for line in lines:
            self.write(line)

    @contextmanager
    def _read_by_nobody(self) -> Iterator[None]:
        """Go on when the terminal is gone, the reader of a pipe has ended, or the disk is full."""
        try:
            yield
        except OSError as error:
            if self.is_needed:
                raise
            if error.errno in _GONE:
                # For good: programs that are started from here write to the number too.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        """Return what the stream itself has."""
        return getattr(self._stream, name)


def install(mask: Mask | None = None) -> None:
    """Make the process's standard streams bounded, for good.

    *mask* takes the secrets out of what goes to stderr: log lines, tracebacks, and what plugins
    and revisions print. Results, on stdout, are masked where they are made.
    """
    sys.stdout, sys.stderr = _bounded(sys.stdout), _bounded(sys.stderr, mask, is_needed=False)


@contextmanager
def masked_stdout(mask: Mask) -> Iterator[None]:
    """Take the secrets out of what the body, a plugin's command, prints on stdout."""
    # It has what a text stream has, without being one by inheritance.
    with redirect_stdout(BoundedStream(sys.stdout, mask)):
        yield


@contextmanager
def spending(quota: Quota) -> Iterator[None]:
    """Let what this thread prints in the body count against *quota*."""
    token = _CURRENT.set(quota)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def forwarding(quota: Quota) -> Iterator[None]:
    """Bound the standard streams for the body; threads that nobody knows spend *quota*."""
    streams = sys.stdout, sys.stderr
    install()
    _LATEST.append(quota)
    try:
        yield
    finally:
        _LATEST.remove(quota)
        sys.stdout, sys.stderr = streams


def charge(thread: threading.Thread, quota: Quota) -> None:
    """Let what *thread*, which a plugin started, prints count against *quota* from now on."""
    _LEFT[thread] = quota


def speaker() -> str:
    """Return the plugin whose call the calling thread is in, or nothing."""
    quota = _quota()
    return quota.owner if quota else ""


def _quota() -> Quota | None:
    """Return whose call is printing; a thread that a plugin started has no context of its own."""
    found = _CURRENT.get()
    thread = threading.current_thread()
    if found is not None or thread is threading.main_thread():
        return found
    return _LEFT.get(thread) or (_LATEST[-1] if _LATEST else None)


def _bounded(stream: TextIO, mask: Mask | None = None, *, is_needed: bool = True) -> TextIO:
    bounded = stream if isinstance(stream, BoundedStream) else BoundedStream(stream)
    bounded.mask = mask or bounded.mask
    bounded.is_needed = is_needed and bounded.is_needed
    # It has what a text stream has, without being one by inheritance.
    return bounded  # type: ignore[return-value]
