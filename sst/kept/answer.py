"""A call answered by what is kept of the same call before, or noted for the next one."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from sst.kept import record
from sst.kept.circumstances import key_of
from sst.kept.database import ask
from sst.kept.files import digest_of
from sst.kept.varying import Moment
from sst.kept.where import keywords_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.kept.database import Answer
    from sst.kept.noting import Noting
    from sst.kept.record import Record


def tell_again(root: str | None, words: Sequence[str]) -> Noting | None:
    """Print what is kept of the call with *words* on the project in *root*, and end the process.

    Returns the notes that were begun when nothing is kept, or anything is not as it was; None
    where no notes can be taken.
    """
    began = time.monotonic()
    try:
        key = key_of(root, words)
        earlier = record.read(key)
        now = _asked(earlier) if earlier else None
        if earlier and now and _holds(earlier, now):
            _print(earlier, Moment(began, now.at))
        return _noting(key, earlier, now)
    except Exception:  # noqa: BLE001 - whatever is wrong with what is kept, the command says it
        return None


def _asked(earlier: Record) -> Answer | None:
    keywords = keywords_of(earlier.keywords, earlier.password)
    return None if keywords is None else ask(keywords, earlier.question)


def _holds(earlier: Record, now: Answer) -> bool:
    return (
        earlier.is_believed
        and earlier.is_young
        and now.is_settled
        and now.digest == earlier.answer
        and digest_of(earlier.folders) == earlier.files
    )


def _print(earlier: Record, moment: Moment) -> None:
    """Print what is kept as of *moment*, and end the process.

    Raises `OSError` where it cannot be printed, which the command then meets as well.
    """
    for parts, stream in ((earlier.stderr, sys.stderr), (earlier.stdout, sys.stdout)):
        content = "".join(map(moment.text, parts)).encode(errors="surrogateescape")
        while content:
            # Past the stream's buffer, in which it would wait for the command's own words.
            content = content[os.write(stream.fileno(), content) :]
    raise SystemExit(0)


def _noting(key: str, earlier: Record | None, before: Answer | None) -> Noting:
    import psycopg2  # noqa: F401 - where it was looked for is the same with an earlier one, or not

    from sst.kept.noting import Noting

    noting = Noting(key, earlier, before)
    noting.begin()
    return noting
