"""The form of an archive, chosen: one file or a folder of tables, and who packs it with what."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..archive import packing
from ..archive.pg_dump import (
    CUSTOM,
    GZIP,
    PACKED_AS,
    Shape,
    carries_statistics,
    choose_format,
    compression,
)
from .settings import AUTO, PACKED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..archive.contents import Table
    from ..archive.source import Source
    from ..postgres.client_programs import Tools
    from .settings import CreateSettings

_MOST_JOBS = 4


def choose_shape(
    settings: CreateSettings, source: Source, tools: Tools, tables: Sequence[Table], folder: Path
) -> Shape:
    """Return how *tools* write the *tables* of *source* into *folder* soonest, as *settings* say.

    Packing here is sooner than the gzip of pg_dump, and needs room for the plain files meanwhile;
    zstd in pg_dump is sooner than both.
    """
    jobs = jobs_of(settings)
    wanted = settings.compression
    within = compression(tools) if wanted in {AUTO, PACKED} else wanted
    is_sooner = wanted == PACKED or (wanted == AUTO and within == GZIP and packing.can_pack())
    has_room = is_sooner and packing.has_room(folder, source.size_bytes)
    format_: str = settings.format
    if format_ == AUTO:
        format_ = choose_format(tables, jobs, can_pack=has_room)
    here = has_room and format_ != CUSTOM
    statistics = carries_statistics(tools.version, source.server_version)
    return Shape(
        format_,
        jobs,
        PACKED_AS if here else within,
        statistics,
        here,
        only=source.subject.schema,
    )


def jobs_of(settings: CreateSettings) -> int:
    """Return how many tables are dumped at once."""
    return settings.jobs or min(_MOST_JOBS, _cores())


def rebuild_jobs_of(settings: CreateSettings) -> int:
    """Return how many tables are rebuilt at once: the server waits for its disk meanwhile."""
    return settings.jobs or min(_MOST_JOBS, _cores() + 1)


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
