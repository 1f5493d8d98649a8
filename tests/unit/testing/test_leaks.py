"""What a plugin leaves behind is named, without a value."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from sst.testing.leaks import ProcessState

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_untouched_process_has_no_leaks() -> None:
    assert ProcessState.now().leaks() == ()


def test_changes_are_named_without_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ProcessState.now()
    monkeypatch.setenv("SST_LEFT", "hunter2")
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "another")
    monkeypatch.chdir(tmp_path)

    assert before.changes() == (
        "the variable SST_LEFT has changed",
        f"the working folder is now {tmp_path}",
    )


def test_folder_that_is_gone_is_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, gone = ProcessState.now(), tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    changes = before.changes()
    monkeypatch.undo()

    assert changes == ("the working folder is now one that is gone",)


def test_environment_that_is_replaced_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ProcessState.now()
    monkeypatch.setattr(os, "environ", {})

    changes = before.changes()
    monkeypatch.undo()

    assert changes == ("os.environ is another object",)


def test_thread_that_stays_is_a_leak_and_no_change() -> None:
    before, go = ProcessState.now(), threading.Event()
    thread = threading.Thread(target=go.wait, args=(60,), name="stays")
    thread.start()
    try:
        assert before.leaks() == ("the thread stays is still running",)
        assert before.changes() == ()
    finally:
        go.set()
        thread.join()
