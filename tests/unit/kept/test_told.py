"""An answer that is kept is printed past what a stream holds back."""

from __future__ import annotations

import io
import os
import time

import pytest

from sst.kept import answer
from sst.kept.record import Record
from sst.kept.varying import Moment


def record_of(text: str) -> Record:
    """Return a record that prints *text*."""
    return Record(
        at=0.0,
        folders={},
        files="",
        keywords={},
        password=[],
        question="",
        answer="",
        stdout=[text],
        stderr=[],
        is_believed=True,
    )


def test_stream_that_takes_nothing_holds_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the command, which answers then, would meet those words again."""
    reading, writing = os.pipe()
    os.close(reading)
    with io.FileIO(writing, "wb") as raw:
        stream = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")
        monkeypatch.setattr("sys.stdout", stream)

        with pytest.raises(BrokenPipeError):
            answer._print(record_of("told\n"), Moment(time.monotonic(), time.time()))

        stream.flush()
        stream.detach().detach()
