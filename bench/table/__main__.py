"""The command line of the table: `python -m bench.table [--quick] [--write] [ROW ...]`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg2

import bench.table
from bench import fleet, fleet_queue
from bench.table import application, backups, start_up, statements, suite, upgrades
from bench.table.place import ROOT, prepare
from bench.table.rows import NotMeasuredError, Result, Row, select
from bench.table.text import HEAD, between, ending, line, merged, summary, write_between
from bench.table.turns import run
from sst.errors import SstError
from sst.hooks import Veto

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.table.place import Place

_FEW_TURNS, _ALL_TURNS = 3, 1000
_VERSIONS = """
import platform
from importlib.metadata import version
print("Python", platform.python_version())
for name in ("alembic", "SQLAlchemy", "click", "FastAPI", "uvicorn", "psycopg2-binary"):
    print(name, version(name))
"""


class Group(Protocol):
    """A module with rows that are measured together."""

    ROWS: tuple[Row, ...]

    def measure(self, place: Place, rows: Sequence[Row], /) -> Iterator[Result]:
        """Measure *rows*, each result as soon as it is known."""


GROUPS: tuple[Group, ...] = (
    start_up,
    upgrades,
    statements,
    application,
    backups,
    fleet,
    fleet_queue,
    suite,
)
# Of a server that cannot be used, programs that do not fit, a command that fails; bugs crash.
_HINDRANCES = (NotMeasuredError, SstError, Veto, psycopg2.Error, OSError)
ALL_ROWS = tuple(row for group in GROUPS for row in group.ROWS)


def measured(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Measure *rows* group by group; what cannot be measured says why in its row."""
    for group in GROUPS:
        wanted = [row for row in rows if row in group.ROWS]
        if place.is_quick:
            yield from (Result(row, note="takes long (QUICK=1)") for row in wanted if row.slow)
            wanted = [row for row in wanted if not row.slow]
        done: set[Row] = set()
        try:
            for result in group.measure(place, wanted):
                done.add(result.row)
                yield result
        except _HINDRANCES as reason:
            why = " ".join(str(reason).split())
            yield from (Result(row, note=why) for row in wanted if row not in done)


def versions(place: Place) -> dict[str, str]:
    """Return the versions of what was measured: the environment's, and the server's."""
    output = run(place.python_code(_VERSIONS, ROOT)).output
    found = dict(each.rsplit(" ", 1) for each in output.splitlines())
    return found | place.server_version


def main() -> int:
    """Measure and print the table; with `--write` into the README files as well."""
    given = _arguments()
    try:
        rows = select(ALL_ROWS, given.rows)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # A stop from outside cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    python = Path(given.python).absolute()
    turns, quick = given.turns, given.quick
    with prepare(python, most_turns=turns, is_quick=quick, pg_bin=given.pg_bin) as place:
        print(*HEAD, sep="\n", flush=True)
        lines = []
        for result in measured(place, rows):
            lines.append(line(result))
            print(lines[-1], flush=True)
        found = versions(place)
    print(f"\n{ending(lines, found)}")
    if given.write:
        _write(lines, found)
    return 0


def _write(lines: Sequence[str], found: Mapping[str, str]) -> None:
    """Put *lines* into the README files, in the place of the same rows of earlier calls."""
    page = ROOT / "bench" / "README.md"
    all_lines = merged(between(page, "table"), lines, [row.name for row in ALL_ROWS])
    text = "\n".join([*HEAD, *all_lines, "", ending(all_lines, found)])
    write_between(page, "table", text)
    write_between(ROOT / "README.md", "speed", summary(all_lines))


def _arguments() -> argparse.Namespace:
    description, _, _ = (bench.table.__doc__ or "").partition("\n\n- ")
    parser = argparse.ArgumentParser(
        prog="python -m bench.table",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="such as current, or check-1000")
    parser.add_argument("--python", default=sys.executable, help="of the environment to measure")
    parser.add_argument("--pg-bin", type=Path, help="folder of other client programs")
    parser.add_argument("--turns", type=int, help="at most so many of each row")
    parser.add_argument("--quick", action="store_true", help="three turns, little data")
    parser.add_argument("--write", action="store_true", help="into the README files as well")
    given = parser.parse_args()
    given.turns = given.turns or (_FEW_TURNS if given.quick else _ALL_TURNS)
    if given.write and given.quick:
        parser.error("--write takes all data: no --quick")
    return given


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
