"""Python in a process of its own, for which the permissions of files count, also under root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

_WITHOUT_RIGHTS = ("--inh-caps=-all", "--bounding-set=-all")


def errors_of(code: str, *arguments: str) -> str:
    """Return what *code* with *arguments* writes to stderr; skip where root cannot be less."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() == 0 and setpriv is None:
        pytest.skip("needs setpriv of util-linux")
    less = [setpriv, *_WITHOUT_RIGHTS] if os.geteuid() == 0 and setpriv else []
    command = [*less, sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
