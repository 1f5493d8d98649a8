"""`backup create` beside `pg_dump > file`, and `restore` beside `psql < file`."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

from bench.backup import DUMP, PSQL, RESTORE, Bench, Program
from bench.table.rows import Result, Row, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.table.place import Place

_THEIRS = "`pg_dump > file`"
_WHAT = "`backup create` with its verification, 1 GB"
_ZSTD, _GZIP = "zstd:1", "gzip"
_WALLS = {
    _ZSTD: Row("backup-zstd", f"{_WHAT}, zstd, wall", _THEIRS, 1.15),
    _GZIP: Row("backup-gzip", f"{_WHAT}, gzip, wall", _THEIRS, 1.3),
}
_SIZES = {
    _ZSTD: Row("backup-zstd-size", f"{_WHAT}, zstd, size", _THEIRS, 0.21, "bytes"),
    _GZIP: Row("backup-gzip-size", f"{_WHAT}, gzip, size", _THEIRS, 0.25, "bytes"),
}
_RESTORE = Row("restore", "`restore`, 300 MB, wall", "`psql < file`", 0.8)
_CREATES = (*_WALLS.values(), *_SIZES.values())
ROWS: tuple[Row, ...] = (*_CREATES, _RESTORE)
_MEGABYTES = {"create": 1000, "restore": 300}
_QUICK_MEGABYTES = {"create": 40, "restore": 20}


def measure(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Measure *rows* on databases of text, JSON, bytes and large objects."""
    if any(row in rows for row in _CREATES):
        with _filled(place, "create") as (bench, note):
            yield from _measure_creates(bench, place.turns(5), note)
    if _RESTORE in rows:
        with _filled(place, "restore") as (bench, note):
            bench.create("kept")
            for _ in range(place.turns(5)):
                bench.dump()
                bench.restore()
            yield _wall(_RESTORE, bench, RESTORE, PSQL, note)


def _measure_creates(bench: Bench, turns: int, note: str) -> Iterator[Result]:
    # Without zstd the automatic choice is gzip, as isal packs it; with zstd it must be named.
    ways = {_ZSTD: _ZSTD, _GZIP: "packed"} if _has_zstd(bench) else {_GZIP: "auto"}
    for _ in range(turns):
        bench.dump()
        for name, compression in ways.items():
            bench.create(name, compression=compression)
    for name, row in _WALLS.items():
        if name in ways:
            yield _wall(row, bench, name, DUMP, note)
            size = ratio(_SIZES[name], bench.figures, f"{name}, bytes", f"{DUMP}, bytes")
            yield size
        else:
            why = f"pg_dump {bench.tools.version} has no zstd (PG_BIN names another)"
            yield from (Result(each, note=why) for each in (row, _SIZES[name]))


def _wall(row: Row, bench: Bench, ours: str, theirs: str, note: str) -> Result:
    processor = bench.figures.ratio(f"{ours}, processor", f"{theirs}, processor")
    told = f"processor time with the server {processor:.2f}{note}"
    return ratio(row, bench.figures, ours, theirs, told)


@contextlib.contextmanager
def _filled(place: Place, what: str) -> Iterator[tuple[Bench, str]]:
    """Yield a bench with as much data as *what* asks for, and a note where that is less."""
    megabytes = (_QUICK_MEGABYTES if place.is_quick else _MEGABYTES)[what]
    folder = place.folder / what
    folder.mkdir()
    bench = Bench(place.server, folder, place.pg_bin, {}, Program(place.python, place.product))
    bench.figures.is_shown = False
    try:
        bench.fill(megabytes)
        yield bench, f"; {megabytes} MB only" if place.is_quick else ""
    finally:
        bench.close()


def _has_zstd(bench: Bench) -> bool:
    """Say whether this pg_dump writes zstd: else it refuses the argument before it connects."""
    nowhere = ("--no-password", "--host=/nonexistent", "--format=custom", "nothing")
    words = (bench.tools.pg_dump, f"--compress={_ZSTD}", *nowhere)
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    return "connection" in answer.stderr
