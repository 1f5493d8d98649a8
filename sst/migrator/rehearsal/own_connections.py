"""The connections that code of a revision opens itself: none leads elsewhere than to the copy.

A revision may have an engine of its own, the application's, or a driver's connection: that leads
to the real database.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from sst.migrator.rehearsal.beyond import BeyondCopyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from sqlalchemy.engine import Dialect

    from sst.db.url import DatabaseUrl


@contextmanager
def only_to(copy: DatabaseUrl) -> Iterator[None]:
    """Let the process connect to no other PostgreSQL database than *copy* in the body.

    Looked at are the engines of SQLAlchemy, and the drivers psycopg2, psycopg and asyncpg. What
    other threads are at that were there before is no revision's: a run's heartbeat is one.
    """
    others = set(threading.enumerate()) - {threading.current_thread()}

    def require_copy(name: object) -> None:
        if name != copy.name and threading.current_thread() not in others:
            raise BeyondCopyError("opens a connection of its own, which does not lead to the copy")

    def connects(
        dialect: Dialect, _record: object, _words: object, parameters: Mapping[str, object]
    ) -> None:
        if dialect.name == "postgresql":
            require_copy(parameters.get("dbname", parameters.get("database")))

    event.listen(Engine, "do_connect", connects)
    try:
        with _Doors(require_copy):
            yield
    finally:
        event.remove(Engine, "do_connect", connects)


class _Doors(MetaPathFinder):
    """Calls *require* with the database's name before a driver connects, in the body.

    A driver that is imported in the body is looked at, too.
    """

    def __init__(self, require: Callable[[object], None]) -> None:
        self._require = require
        self._as_before = ExitStack()

    def __enter__(self) -> None:
        for name in _DOORS.keys() & sys.modules.keys():
            self._watch(sys.modules[name])
        sys.meta_path.insert(0, self)
        self._as_before.callback(sys.meta_path.remove, self)

    def __exit__(self, *_: object) -> None:
        self._as_before.close()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a driver is, with a loader after which it is looked at."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _DOORS else None
        if spec and spec.loader:
            load = spec.loader.exec_module

            def load_and_watch(module: ModuleType) -> None:
                load(module)
                self._watch(module)

            vars(spec.loader)["exec_module"] = load_and_watch
        return spec

    def _watch(self, module: ModuleType) -> None:
        door, name_of = _DOORS[module.__name__]
        opener = getattr(module, door, None)
        if opener is None:
            return

        def opens(*arguments: object, **options: object) -> object:
            self._require(name_of(*arguments, **options))
            return opener(*arguments, **options)

        setattr(module, door, opens)
        self._as_before.callback(setattr, module, door, opener)


def _name_in_text(text: str, *_: object, **__: object) -> object:
    from psycopg2.extensions import parse_dsn

    return parse_dsn(text).get("dbname")


def _name_in_parameters(**options: Any) -> object:
    return options["params"].database


# Where all ways of opening a connection lead through, so that `from psycopg2 import connect`
# does too; with what names the database.
_DOORS: dict[str, tuple[str, Callable[..., object]]] = {
    "psycopg2": ("_connect", _name_in_text),
    "psycopg.generators": ("connect", _name_in_text),
    "asyncpg.connect_utils": ("_connect_addr", _name_in_parameters),
}
