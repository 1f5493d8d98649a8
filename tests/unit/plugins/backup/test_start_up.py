"""What is imported before it is known that it is needed: every command pays for that."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("imported", "room"),
    [
        pytest.param("plugins.backup", "archive", id="the settings"),
        pytest.param("plugins.backup.commands.commands", "restore.restore", id="the commands"),
    ],
)
def test_restore_is_not_imported_before_one_is_wanted(imported: str, room: str) -> None:
    script = f"import sys, {imported}; print(*sys.modules)"

    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert [name for name in printed.split() if name.startswith(f"plugins.backup.{room}")] == []
