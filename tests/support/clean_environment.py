"""A virtual environment with nothing in it but what a test puts there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from importlib.metadata import distribution
from typing import TYPE_CHECKING

from tests.support.package_index import pins
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

_DEVELOPMENT = REPOSITORY / "requirements-dev.lock"


class CleanEnvironment:
    """A virtual environment with nothing in it, and what is run with it."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        self._folder = folder
        self.python = folder / "bin" / "python"

    def link(self, lock: str) -> None:
        """Put in the packages of *lock* that the tests' own environment has, as links to them.

        To install them takes twenty seconds; that they can be is what `make test-examples` shows.
        """
        [packages] = self._folder.glob("lib/python3*/site-packages")
        for name, _ in pins(lock).items() & pins(_DEVELOPMENT.read_text()).items():
            found = distribution(name)
            tops = {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}
            for top in tops:
                (packages / top).symlink_to(str(found.locate_file(top)))

    def part(self, lock: str, name: str) -> str:
        """Write the part of *lock* that pins *name* to a file, and return its path."""
        [block] = re.findall(rf"^{name}==(?:.*\\\n)*.*\n", lock, flags=re.MULTILINE)
        file = self._folder / f"{name}.lock"
        file.write_text(block, encoding="utf-8")
        return str(file)

    def pip(self, *words: str) -> None:
        """Run pip for this environment; its own copy would cost some seconds more."""
        command = [sys.executable, "-m", "pip", "--python", str(self.python), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def run(self, *words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `python WORDS` in *cwd* with no other variables than PATH, HOME and *variables*."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [str(self.python), *words],
            cwd=cwd,
            env=kept | variables,
            capture_output=True,
            text=True,
            check=False,
        )
