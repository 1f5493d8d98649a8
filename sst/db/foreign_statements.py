"""Statements that are neither ours nor Alembic's, such as those of an env.py or of a plugin.

What they read is not known, so that the answer of a command in which they were sent is not kept.
"""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

import psycopg2
from sqlalchemy import event
from sqlalchemy.engine import Engine

from sst.kept.doubts import doubt

if TYPE_CHECKING:
    from types import FrameType

_KNOWN = frozenset({"sst", "alembic"})
_BETWEEN = frozenset({"sqlalchemy", "psycopg2"}) | sys.stdlib_module_names


def doubt_foreign_statements() -> None:
    """Doubt the answer of this call from the first such statement on."""
    connect = psycopg2.connect

    @wraps(connect)
    def heard(*words: Any, **keywords: Any) -> Any:  # noqa: ANN401 - the driver's
        _doubt_sender(sys._getframe(1), through=())  # noqa: SLF001 - who connects
        return connect(*words, **keywords)

    psycopg2.connect = heard
    event.listen(Engine, "before_cursor_execute", _hear)


def _hear(*_: object) -> None:
    _doubt_sender(sys._getframe(1))  # noqa: SLF001 - who sends it


def _doubt_sender(frame: FrameType | None, through: frozenset[str] | tuple[str, ...] = ()) -> None:
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in _KNOWN or package in through:
            return
        if package not in _BETWEEN:
            doubt(f"{package} has sent a statement")
            return
        frame = frame.f_back
