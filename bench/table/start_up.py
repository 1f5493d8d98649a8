"""Commands with nothing to do, beside those of `alembic` that say the same, and `--help`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.table.rows import Row, ratio
from bench.table.turns import in_turns, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.table.place import Place
    from bench.table.rows import Result
    from bench.table.turns import Command, Took

# Turns, by the number of revisions: alembic itself takes seconds for five thousand.
_TURNS = {10: 11, 1000: 7, 5000: 5}
_CURRENT_GOALS = {10: 0.25, 1000: 0.15, 5000: 0.03}
# Ours, and what alembic calls it; `heads` is the least that a plan must know.
_OTHERS = {
    "upgrade-nothing": (("upgrade",), ("upgrade", "head")),
    "history": (("history",), ("history",)),
    "plan": (("plan",), ("heads",)),
}
_HELP = Row("help", "`--help`, processor time", '`python -c "import click"`', 1.3)


def _row(command: str, revisions: int) -> Row:
    slow = revisions > 1000  # noqa: PLR2004 - the next size
    name = f"{command}-{revisions}"
    if command in _OTHERS:
        theirs = " ".join(_OTHERS[command][1])
        word = _OTHERS[command][0][0]
        what = f"`{word}` with nothing to do, {revisions} revisions, processor time"
        return Row(name, what, f"`alembic {theirs}`", 0.3, slow=slow)
    goal = _CURRENT_GOALS[revisions]
    what = f"`{command}` with nothing to do, {revisions} revisions, processor time"
    return Row(name, what, "`alembic current`", goal, slow=slow)


_COMMANDS = ("current", "check", "status", *_OTHERS)
_SIZES = {_row(command, size): (command, size) for size in _TURNS for command in _COMMANDS}
ROWS: tuple[Row, ...] = (*_SIZES, _HELP)


def measure(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Measure *rows*: of one size all in the same turns, beside the same runs of alembic."""
    for size, turns in _TURNS.items():
        wanted = [row for row in rows if _SIZES.get(row, ("", 0))[1] == size]
        if wanted:
            yield from _measure_size(place, wanted, size, place.turns(turns))
    if _HELP in rows:
        commands = {"ours": place.ours(10, "", "--help")}
        commands["theirs"] = place.python_code("import click", place.project(10))
        figures = in_turns(_running(commands), place.turns(21))
        yield ratio(_HELP, figures, "ours, processor", "theirs, processor")


def _measure_size(place: Place, rows: Sequence[Row], size: int, turns: int) -> Iterator[Result]:
    url = place.at_head(size)
    commands: dict[str, Command] = {}
    for row in rows:
        command = _SIZES[row][0]
        ours, theirs = _OTHERS.get(command, ((command,), ("current",)))
        commands[row.yardstick] = place.alembic(size, url, *theirs)
        commands[row.name] = place.ours(size, url, *ours)
    figures = in_turns(_running(commands), turns)
    for row in rows:
        yield ratio(row, figures, f"{row.name}, processor", f"{row.yardstick}, processor")


def _running(commands: dict[str, Command]) -> dict[str, Callable[[], Took]]:
    return {name: partial(run, command) for name, command in commands.items()}
