"""Packing outside pg_dump: what every gzip reads, and only what pg_restore looks for packed."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive.contents import Table
from plugins.backup.archive.packing import Packer
from plugins.backup.archive.pg_dump import choose_format
from sst.hooks import Veto

if TYPE_CHECKING:
    from pathlib import Path

MB = 1_000_000
ROWS = random.Random(4).randbytes(300_000) * 8 + b"\n\\.\n\n\n"  # noqa: S311 - no secret


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder as `pg_dump --format=directory --compress=0` leaves it."""
    folder = tmp_path / "archive"
    folder.mkdir()
    contents = {"3490.dat": ROWS, "3491.dat": b"\\.\n\n\n", "blob_7.dat": b"", "toc.dat": b"PGDMP"}
    for name, content in {**contents, "blobs_9.toc": b"7 blob_7.dat\n"}.items():
        (folder / name).write_bytes(content)
    return folder


def test_rows_and_large_objects_are_packed_for_every_gzip(archive: Path) -> None:
    Packer(archive, threads=2).pack()

    names = {path.name for path in archive.iterdir()}
    assert names == {"3490.dat.gz", "3491.dat.gz", "blob_7.dat.gz", "toc.dat", "blobs_9.toc"}
    assert gzip.decompress((archive / "3490.dat.gz").read_bytes()) == ROWS
    assert gzip.decompress((archive / "blob_7.dat.gz").read_bytes()) == b""
    assert {path.stat().st_mode & 0o077 for path in archive.glob("*.gz")} == {0}


def test_rows_without_their_end_are_refused(archive: Path) -> None:
    (archive / "3490.dat").write_bytes(ROWS[:-1])

    with pytest.raises(Veto, match=r"cannot be read back: archive/3490\.dat is cut off"):
        Packer(archive, threads=2).pack()


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
