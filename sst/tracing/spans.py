"""Spans and events, as the rest of the house makes them; where traces are off they are nothing.

What is off costs one look at a variable: who would do more for the attributes asks `is_on`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Attributes = Mapping[str, str | int | float | bool | tuple[str, ...] | None]
"""By their names; what is None is left out."""
_NONE: Attributes = {}


class Span(Protocol):
    """A piece of work."""

    def set(self, attributes: Attributes) -> None:
        """Add *attributes*."""

    def event(self, name: str, attributes: Attributes = _NONE) -> None:
        """Note that something happens now."""

    def fail(self, error: BaseException) -> None:
        """Say that the work ended with *error*; the first one counts."""

    def rename(self, name: str) -> None:
        """Give it another *name*."""


class Ids(NamedTuple):
    """The trace and the span that are current, in hexadecimal digits."""

    trace: str
    span: str


class Statement(NamedTuple):
    """A statement that is over, without its literals."""

    name: str
    attributes: Attributes
    began_ns: int
    """When it was sent, in nanoseconds since 1970."""
    error: BaseException | None = None


class Tracer(Protocol):
    """What makes the spans of this process."""

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """Return what is entered around the work of a span."""

    def current(self) -> Span:
        """Return the span that is current."""

    def statement(self, statement: Statement) -> None:
        """Make the span of a statement that ends now."""

    def ids(self) -> Ids:
        """Return the ids of what is current."""

    def environment(self) -> dict[str, str]:
        """Return the variables by which a process joins what is current."""


class _Nothing:
    """A span that nobody is told of."""

    def set(self, attributes: Attributes) -> None:
        """Add nothing."""

    def event(self, name: str, attributes: Attributes = _NONE) -> None:
        """Note nothing."""

    def fail(self, error: BaseException) -> None:
        """Say nothing."""

    def rename(self, name: str) -> None:
        """Rename nothing."""


_NOTHING = _Nothing()
_OFF: AbstractContextManager[Span] = nullcontext(_NOTHING)
_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Let *tracer* make the spans of this process from here on; None turns traces off."""
    global _tracer  # noqa: PLW0603 - there is one command in a process
    _tracer = tracer


def is_on() -> bool:
    """Say whether spans are made."""
    return _tracer is not None


def span(name: str, attributes: Attributes = _NONE) -> AbstractContextManager[Span]:
    """Return what is entered around the work of a span *name*; what is raised is its error."""
    return _tracer.span(name, attributes) if _tracer else _OFF


def current() -> Span:
    """Return the span that is current."""
    return _tracer.current() if _tracer else _NOTHING


def statement(done: Statement) -> None:
    """Make the span of a statement that ends now, below what is current."""
    if _tracer:
        _tracer.statement(done)


def ids() -> Ids | None:
    """Return trace and span of what is current; None where traces are off."""
    return _tracer.ids() if _tracer else None


def environment() -> dict[str, str] | None:
    """Return the variables by which a process joins what is current; None where traces are off."""
    return _tracer.environment() if _tracer else None
