"""Two walks do not take each other's network, and a number in a file is no process."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from deploy.walk import engine
from deploy.walk.requirements import Refusal
from deploy.walk.shell import await_condition

if TYPE_CHECKING:
    from pathlib import Path


def test_second_walk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_LINK_PATH", tmp_path)

    with pytest.raises(Refusal, match="Another walk"):
        engine.require_alone(None)
    with pytest.raises(Refusal, match="Another walk"):
        engine.require_alone(tmp_path)


def test_kept_engine_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_LINK_PATH", tmp_path)
    with subprocess.Popen(
        ["sleep", "60"], executable="/bin/sleep", stdin=subprocess.DEVNULL
    ) as it:
        (tmp_path / "engine.pid").write_text(str(it.pid))
        stranger = engine.is_running(tmp_path)
        it.kill()
    with subprocess.Popen(["sh", "-c", f"read line # {tmp_path}/"], stdin=subprocess.PIPE) as it:
        (tmp_path / "engine.pid").write_text(str(it.pid))
        # Its command line can be read a moment after it has begun.
        assert await_condition(lambda: engine.is_running(tmp_path), 60)

        engine.require_alone(tmp_path)

    assert not stranger
    assert not engine.is_running(tmp_path)
