"""Who packs a backup: the pg_dump that is there, or the package isal after it."""

from __future__ import annotations

import shutil
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from plugins.backup import Config
from plugins.backup.archive import packing
from plugins.backup.archive.contents import Table
from plugins.backup.archive.source import Source
from plugins.backup.make import shape
from plugins.backup.make.shape import choose_shape, jobs_of, rebuild_jobs_of
from plugins.backup.manifest.origin import Origin
from plugins.backup.manifest.subject import Subject
from plugins.backup.postgres.client_programs import Tools
from tests.support.pg_tools import versioned, write_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugins.backup.archive.pg_dump import Shape

MB = 1_000_000
ZSTD = "connection to server on socket failed: No such file or directory"
NO_ZSTD = "this build does not support compression with ZSTD"


@pytest.fixture
def choosing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Shape]:
    """Return what chooses the shape of one table of *megabytes*."""

    def choose(
        answer: str,
        *,
        isal: bool = True,
        megabytes: int = 900,
        free: int = 10_000,
        **settings: Any,
    ) -> Shape:
        folder = versioned(tmp_path / "bin", "16.2")
        write_program(folder / "pg_dump", f"#!/bin/sh\necho 'x: error: {answer}' >&2; exit 1\n")
        if not isal:
            monkeypatch.setattr(packing, "_codec", zlib)
        disk = SimpleNamespace(free=free * MB)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
        size = megabytes * MB
        source = Source(
            Subject("shop"), "16.2", 16, size, "public.alembic_version", Origin(None, "db")
        )
        table = Table("note", "note", has_rows=True, size_bytes=size, number=1, file=1)
        tools = Tools(folder, "16.2", 16)
        return choose_shape(Config(jobs=2, **settings), source, tools, [table], tmp_path)

    return choose


@pytest.mark.parametrize(
    ("answer", "isal", "chosen"),
    [
        pytest.param(ZSTD, True, ("custom", "zstd:1", False), id="pg_dump has zstd"),
        pytest.param(ZSTD, False, ("custom", "zstd:1", False), id="zstd, no isal"),
        pytest.param(NO_ZSTD, True, ("directory", "gzip:1", True), id="isal alone"),
        pytest.param(NO_ZSTD, False, ("custom", "1", False), id="neither"),
    ],
)
def test_backup_is_packed_by_the_fastest_that_is_there(
    choosing: Callable[..., Shape], answer: str, chosen: tuple[str, str, bool], *, isal: bool
) -> None:
    found = choosing(answer, isal=isal)

    assert (found.format, found.compression, found.is_packed_here) == chosen


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"megabytes": 20}, id="a small database"),
        pytest.param({"free": 1500}, id="no room for plain files"),
        pytest.param({"format": "custom"}, id="one file is wanted"),
    ],
)
def test_pg_dump_packs_where_packing_afterwards_is_not_sooner_or_not_possible(
    choosing: Callable[..., Shape], settings: dict[str, Any]
) -> None:
    found = choosing(NO_ZSTD, **settings)

    assert (found.format, found.compression, found.is_packed_here) == ("custom", "1", False)


def test_compression_that_the_settings_name_is_left_to_pg_dump(
    choosing: Callable[..., Shape],
) -> None:
    found = choosing(NO_ZSTD, compression="gzip:3", format="directory")

    assert (found.compression, found.is_packed_here) == ("gzip:3", False)


def test_packing_here_can_be_asked_for_where_pg_dump_has_zstd(
    choosing: Callable[..., Shape],
) -> None:
    found = choosing(ZSTD, compression="packed")

    assert (found.format, found.compression, found.is_packed_here) == ("directory", "gzip:1", True)


@pytest.mark.parametrize(("cores", "dumped", "restored"), [(1, 1, 2), (2, 2, 3), (16, 4, 4)])
def test_restore_has_a_job_more_than_cores_for_when_the_server_waits_for_its_disk(
    monkeypatch: pytest.MonkeyPatch, cores: int, dumped: int, restored: int
) -> None:
    monkeypatch.setattr(shape, "_cores", lambda: cores)

    assert (jobs_of(Config()), rebuild_jobs_of(Config())) == (dumped, restored)
    assert (jobs_of(Config(jobs=7)), rebuild_jobs_of(Config(jobs=7))) == (7, 7)
