"""`upgrade` of one revision and of three hundred, without a backup, beside `alembic`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.costs import Processors, postmaster_of
from bench.table.place import WITHOUT_BACKUP, revision_id
from bench.table.rows import Row, ratio
from bench.table.turns import Command, Took, in_turns, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.table.place import Place
    from bench.table.rows import Result

_FEW, _MANY = 10, 300
_THEIRS = "`alembic upgrade head`"
_ONE = Row("upgrade-1", "`upgrade` of one revision, processor time", _THEIRS, 1.5)
_CHAIN = "`upgrade` of 300 small revisions on an empty database"
_ALL = Row("upgrade-300", f"{_CHAIN}, processor time", _THEIRS, 1.5)
_WALL = Row("upgrade-300-wall", f"{_CHAIN}, wall", _THEIRS, 1.2)
ROWS: tuple[Row, ...] = (_ONE, _ALL, _WALL)


def measure(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Measure *rows*: every run on a database of its own, which is dropped at once."""
    ours, theirs = ("upgrade", *WITHOUT_BACKUP), ("upgrade", "head")
    if _ONE in rows:
        below = revision_id(_FEW - 1)
        here, there = place.database(), place.database()
        run(place.ours(_FEW, here, "upgrade", below, *WITHOUT_BACKUP))
        run(place.alembic(_FEW, there, "upgrade", below))
        actions = {
            "ours": _upgrading(place, lambda url: place.ours(_FEW, url, *ours), here),
            "theirs": _upgrading(place, lambda url: place.alembic(_FEW, url, *theirs), there),
        }
        figures = in_turns(actions, place.turns(11))
        yield ratio(_ONE, figures, "ours, processor", "theirs, processor")
    if _ALL in rows or _WALL in rows:
        actions = {
            "ours": _upgrading(place, lambda url: place.ours(_MANY, url, *ours)),
            "theirs": _upgrading(place, lambda url: place.alembic(_MANY, url, *theirs)),
        }
        figures = in_turns(actions, place.turns(7))
        yield ratio(_ALL, figures, "ours, processor", "theirs, processor")
        both = figures.ratio("ours, with the server", "theirs, with the server")
        note = f"processor time with the server {both:.2f}"
        yield ratio(_WALL, figures, "ours, wall", "theirs, wall", note)


def _upgrading(
    place: Place, command: Callable[[str], Command], template: str | None = None
) -> Callable[[], Took]:
    """Return what makes a database, runs *command* on it, and drops it."""
    processors = Processors(postmaster_of(place.server.url))

    def upgrade() -> Took:
        url = place.database(template)
        try:
            prepared, used = command(url), processors.seconds
            took = run(prepared)
            return replace(took, more={"with the server": processors.seconds - used})
        finally:
            place.drop(url)

    return upgrade
