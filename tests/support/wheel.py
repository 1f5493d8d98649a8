"""The wheel, installed in an environment of its own: what `pip install sst-platform` gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sst
from tests.support.project import REPOSITORY

_SITE = Path(sysconfig.get_path("purelib"))
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")


def is_installed() -> bool:
    """Say whether the tests themselves run on an installed `sst`, as in `make test-lowest`."""
    return Path(sst.__file__).is_relative_to(_SITE)


def build_wheel(folder: Path) -> Path:
    """Build the checkout's wheel into *folder* and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def names_in(wheel: Path) -> list[str]:
    """Return the names of the files in *wheel*."""
    with zipfile.ZipFile(wheel) as opened:
        return opened.namelist()


@dataclass(frozen=True, slots=True)
class Installed:
    """A Python whose site-packages hold the wheel, and behind it what the tests' own one holds."""

    prefix: Path

    @classmethod
    def create(cls, folder: Path) -> Installed:
        """Install the wheel in a new environment in *folder*; nothing is downloaded."""
        if is_installed():
            return cls(Path(sys.prefix))
        wheel = build_wheel(folder / "wheel")
        venv.create(folder / "venv", with_pip=False)
        made = cls(folder / "venv")
        pip = [sys.executable, "-m", "pip", "--python", str(made.python), "install", "--quiet"]
        subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, cwd=folder)
        (made.packages / "beside.pth").write_text(f"{_SITE}\n")
        return made

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.prefix / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The folder that packages are installed into."""
        [folder] = self.prefix.glob("lib/python3*/site-packages")
        return folder

    def run(
        self, *command: str, cwd: Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the program *command* of the environment in *cwd*, with few variables."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return subprocess.run(
            [str(self.prefix / "bin" / command[0]), *command[1:]],
            cwd=cwd,
            env=kept | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def imported(self, module: str, cwd: Path) -> str:
        """Return the file that *module* is imported from; nothing where there is none."""
        code = (
            "import sys; del sys.path[0]\n"
            f"try: import {module} as found\nexcept ImportError: sys.exit()\n"
            "print(getattr(found, '__file__', None) or list(found.__path__)[0])"
        )
        return self.run("python", "-c", code, cwd=cwd).stdout.strip()


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the JSON object that a command has printed."""
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
