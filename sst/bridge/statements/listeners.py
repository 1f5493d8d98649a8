"""The listeners of a connection, registered once for a chain of revisions.

SQLAlchemy takes longer to add and remove a listener than to send a small statement. So each event
has one, which hands on to those that a revision brings and takes away.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy.engine import Connection

    Hooks = Mapping[str, Callable[..., None]]
    """Functions by the name of the event that they hear of."""

_EVENTS = ("before_cursor_execute", "after_cursor_execute", "begin", "commit", "rollback")


class Listeners:
    """Those who hear of the events of one connection now, in the order in which they came."""

    def __init__(self) -> None:
        self._is_deaf = False
        self._hooks: dict[str, tuple[tuple[Callable[..., None], bool], ...]] = dict.fromkeys(
            _EVENTS, ()
        )

    @contextmanager
    def on(self, connection: Connection) -> Iterator[Listeners]:
        """Hear of the events of *connection*; yields the listeners."""
        with ExitStack() as stack:
            for name in _EVENTS:
                hand_on = partial(self._hand_on, name)
                event.listen(connection, name, hand_on)
                stack.callback(event.remove, connection, name, hand_on)
            yield self

    @contextmanager
    def hearing(self, hooks: Hooks, *, always: bool = False) -> Iterator[None]:
        """Let *hooks* hear too, of our own statements as well when *always*."""
        for name, function in hooks.items():
            self._hooks[name] = (*self._hooks[name], (function, always))
        try:
            yield
        finally:
            for name, function in hooks.items():
                self._hooks[name] = tuple(
                    each for each in self._hooks[name] if each[0] is not function
                )

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Let few hear of the body's statements: they are our own."""
        self._is_deaf = True
        try:
            yield
        finally:
            self._is_deaf = False

    def _hand_on(self, name: str, *arguments: object) -> None:
        for function, always in self._hooks[name]:
            if always or not self._is_deaf:
                function(*arguments)
