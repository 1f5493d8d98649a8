"""Packing outside pg_dump: what every gzip reads, and only what pg_restore looks for packed."""

from __future__ import annotations

import gzip
import random
import threading
from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive.contents import Table
from plugins.backup.archive.packing import Packer
from plugins.backup.archive.pg_dump import choose_format
from sst.hooks import Veto
from tests.support.backups import becomes_true

if TYPE_CHECKING:
    from pathlib import Path

MB = 1_000_000
# More than two cores pack at a time.
ROWS = random.Random(4).randbytes(300_000) * 50 + b"\n\\.\n\n\n"  # noqa: S311 - no secret
FINISHED = b"pg_dump: finished item %d TABLE DATA %s\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder as `pg_dump --format=directory --compress=0` leaves it."""
    folder = tmp_path / "archive"
    folder.mkdir()
    contents = {"3490.dat": ROWS, "3491.dat": b"\\.\n\n\n", "blob_7.dat": b"", "toc.dat": b"PGDMP"}
    for name, content in {**contents, "blobs_9.toc": b"7 blob_7.dat\n"}.items():
        (folder / name).write_bytes(content)
    return folder


def pack(archive: Path, printed: bytes = b"") -> None:
    """Pack *archive*, of which pg_dump has *printed* so much when it ends."""
    packer = Packer(archive, threads=2)
    packer.look(printed)
    packer.dumped()
    packer.pack()


def test_rows_and_large_objects_are_packed_for_every_gzip(archive: Path) -> None:
    pack(archive)

    names = {path.name for path in archive.iterdir()}
    assert names == {"3490.dat.gz", "3491.dat.gz", "blob_7.dat.gz", "toc.dat", "blobs_9.toc"}
    assert gzip.decompress((archive / "3490.dat.gz").read_bytes()) == ROWS
    assert gzip.decompress((archive / "blob_7.dat.gz").read_bytes()) == b""
    assert {path.stat().st_mode & 0o077 for path in archive.glob("*.gz")} == {0}


def test_table_is_packed_while_others_are_dumped(archive: Path) -> None:
    packer = Packer(archive, threads=2)
    packing = threading.Thread(target=packer.pack)
    packing.start()

    packer.look(FINISHED % (3490, b"note") + b"pg_dump: dumping contents of table")

    try:
        assert becomes_true(lambda: not (archive / "3490.dat").exists())
        assert (archive / "3491.dat").exists()
    finally:
        packer.dumped()
        packing.join()
    assert gzip.decompress((archive / "3490.dat.gz").read_bytes()) == ROWS


def test_table_named_like_a_message_has_no_other_packed_before_its_end(archive: Path) -> None:
    """pg_dump prints the name as it is, with its line breaks."""
    rows = archive / "3490.dat"
    rows.write_bytes(ROWS[:-3])
    printed = FINISHED % (3490, b"x") + FINISHED % (7777, b"y") + FINISHED % (3491, b"note")
    packer = Packer(archive, threads=2)
    packing = threading.Thread(target=packer.pack)
    packing.start()

    packer.look(printed)

    try:
        assert becomes_true(lambda: not (archive / "3491.dat").exists())
        assert rows.read_bytes() == ROWS[:-3]
    finally:
        rows.write_bytes(ROWS)
        packer.dumped()
        packing.join()
    assert gzip.decompress((archive / "3490.dat.gz").read_bytes()) == ROWS


def test_every_line_of_pg_dump_is_looked_at_once(archive: Path) -> None:
    packer = Packer(archive, threads=2)
    first, second = FINISHED % (3490, b"a"), FINISHED % (3491, b"b")
    packer.look(first[:20])
    packer.look(first + second[:20])
    packer.look(first + second)
    packer.dumped()

    packer.pack()

    assert {path.name for path in archive.glob("349*")} == {"3490.dat.gz", "3491.dat.gz"}


def test_packing_that_is_stopped_leaves_the_rest_as_it_is(archive: Path) -> None:
    packer = Packer(archive, threads=2)
    packer.stop()

    packer.pack()

    assert (archive / "3490.dat").read_bytes() == ROWS


def test_rows_without_their_end_are_refused(archive: Path) -> None:
    (archive / "3490.dat").write_bytes(ROWS[:-1])

    with pytest.raises(Veto, match=r"cannot be read back: archive/3490\.dat is cut off"):
        pack(archive)


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        pytest.param([900 * MB, 100 * MB], "directory", id="one table is nearly all"),
        pytest.param([20 * MB] * 3, "custom", id="too small"),
        pytest.param([MB // 10] * 10_000, "custom", id="ten thousand small ones"),
    ],
)
def test_folder_that_is_packed_here_is_worth_it_for_one_table(
    sizes: list[int], chosen: str
) -> None:
    tables = [Table(f"t{n}", f"t{n}", True, size, n, n) for n, size in enumerate(sizes)]  # noqa: FBT003

    assert choose_format(tables, jobs=2, can_pack=True) == chosen
