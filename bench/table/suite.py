"""`make test`, which is measured only where its row is named: it takes minutes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bench.table.place import ROOT
from bench.table.rows import Result, Row
from bench.table.turns import Command, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.table.place import Place

_SUITE = Row("suite", "`make test`, wall, minutes", "", 8, "min", on_request=True)
ROWS: tuple[Row, ...] = (_SUITE,)


def measure(_place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Run all tests once, with the variables of the shell."""
    if _SUITE in rows:
        took = run(Command(("make", "test"), ROOT, os.environ))
        minutes = took.wall / 60
        yield Result(_SUITE, value=minutes, ours=minutes, note=took.output.splitlines()[-1])
