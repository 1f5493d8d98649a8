"""The work on one database, and what became of it; add-only."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.config.sources.target import Target


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each database."""

    words: Sequence[str]
    """The command line: the command's name and what is behind it; no secret is in it."""
    is_look: bool = False
    """Whether it is only asked if there is anything to do, in place of the command."""
    heads: Sequence[str] = ()
    """Where the revision files of who asks end; code with others refuses. Empty: not compared."""


@dataclass(frozen=True, slots=True)
class Job:
    """The work on one database."""

    target: Target
    work: Work
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job."""

    job: Job
    exit_code: int | None
    """That of the command; None when whoever worked on it is gone."""
    seconds: float = 0.0
    is_unchanged: bool = False
    """There is nothing to do, a look has said."""
    is_skipped: bool = False
    """It was given back before it had begun, because all is to end."""
    report: bytes = b""
    """What the command prints with `--json`, as `packed_report` packs it."""


def packed_report(report: str) -> bytes:
    """Return *report*, one JSON object, as `Answer.report` has it: ten thousand are held."""
    return zlib.compress(report.encode()) if report else b""
