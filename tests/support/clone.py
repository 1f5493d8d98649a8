"""A copy of this repository's product files in a folder of its own, used as a stranger would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.forks import wait_until
from tests.support.project import REPOSITORY
from tests.support.warm_python import LIBRARIES, warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COPIED = (
    "sst",
    "app",
    "plugins",
    "alembic",
    "migrate.py",
    "settings.toml",
    "pyproject.toml",
    "README.md",
    ".secrets.toml.example",
)
# With what is compiled of it: to compile it all again takes longer than most commands. Python
# writes `x.pyc.123` and renames it.
_HALF_WRITTEN = shutil.ignore_patterns("*.pyc.*")
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
_OF_THE_APPLICATION = "APP__"
"""A team's application may have settings that are required."""


@dataclass(frozen=True)
class Clone:
    """The copy's folder and the variables that its commands are given."""

    root: Path
    variables: dict[str, str]

    @classmethod
    def create(cls, root: Path, **variables: str) -> Clone:
        """Copy the product's files to *root*."""
        root.mkdir()
        for name in _COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=_HALF_WRITTEN)
            else:
                shutil.copy2(source, root / name)
        kept = {name: os.environ[name] for name in os.environ if _is_inherited(name)}
        return cls(root, kept | variables)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `python WORDS` in the copy: all that is its own, or of this call, is new."""
        return subprocess.run(
            [warm_python(*LIBRARIES), *words],
            cwd=self.root,
            env=self.variables | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Run `uvicorn app.main:app` in the copy until the block is left; yield its address."""
        words = ("-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", "0")
        path = self.root / "served.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=self.root,
                env=self.variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
            try:
                # Port 0: a port that was free a moment ago may be somebody else's by now.
                wait_until(lambda: _address(path) or process.poll() is not None, "it listens")
                yield _address(path)
            finally:
                process.terminate()
                process.wait(timeout=30)


def _is_inherited(name: str) -> bool:
    return name in _INHERITED or name.startswith(_OF_THE_APPLICATION)


def _address(log: Path) -> str:
    """Return where uvicorn says that it listens; empty while it does not."""
    found = re.search(r"running on (http://\S+)", log.read_text())
    return found.group(1) if found else ""
