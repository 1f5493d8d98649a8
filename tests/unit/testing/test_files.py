"""The files of the kit's projects are read as they were written last."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from sst.testing.project.files import write_source

if TYPE_CHECKING:
    from pathlib import Path

A_SECOND = 1_700_000_000


def run(module: Path) -> str:
    """Return what *module* prints when another process imports it, which writes byte code."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, "-c", f"import {module.stem}"]
    done = subprocess.run(
        words, cwd=module.parent, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_module_that_is_written_twice_within_a_second_is_the_second_one(tmp_path: Path) -> None:
    module = tmp_path / "models.py"
    printed = []
    for text in ("print('id * 2')", "print('id * 3')"):
        write_source(module, text)
        os.utime(module, (A_SECOND, A_SECOND))
        printed.append(run(module))

    assert printed == ["id * 2", "id * 3"]
