"""The locks are installed as they are, by every pip, whatever has been released since."""

from __future__ import annotations

import ensurepip
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from tests.support.package_index import PackageIndex, pins
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

# The pip of each Python's first release, the oldest that a fresh machine can have.
FIRST_BUNDLED = {11: "22.3", 12: "23.2.1", 13: "24.2", 14: "25.2"}
OLDEST = f"pip=={FIRST_BUNDLED.get(sys.version_info[1], ensurepip.version())}"
NEWEST = "pip"
DEMO, DEVELOPMENT = "requirements-demo.lock", "requirements-dev.lock"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Machine:
    """A checkout of Makefile and locks, its `.venv` with some pip, and an index that is ahead."""

    root: Path
    index: PackageIndex

    @classmethod
    def create(cls, root: Path, pip: str) -> Machine:
        """Make one in *root* with the release of pip that the requirement *pip* names."""
        machine = cls(root, PackageIndex(root / "index"))
        shutil.copy(REPOSITORY / "Makefile", root)
        for name in (DEMO, DEVELOPMENT):
            lock = (REPOSITORY / name).read_text()
            (root / name).write_text(machine.index.offer(lock))
        venv.create(root / ".venv", with_pip=False)
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", pip]
        subprocess.run(download, cwd=root, check=True)
        [wheel] = root.glob("pip-*.whl")
        zipfile.ZipFile(wheel).extractall(machine.packages)
        return machine

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        """Run `make TARGET` with the index as the only place where packages come from."""
        foreign = ("MAKE", "MFLAGS", "PIP_", "PYTHON")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        return subprocess.run(
            ["make", "--no-print-directory", target],
            cwd=self.root,
            env=kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": self.index.url},
            capture_output=True,
            text=True,
            check=False,
        )

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace *old*, which is there, by *new* in the file *name*."""
        text = (self.root / name).read_text()
        assert old in text
        (self.root / name).write_text(text.replace(old, new))

    @property
    def packages(self) -> Path:
        """The folder that packages are installed into."""
        [folder] = self.root.glob(".venv/lib/python3*/site-packages")
        return folder

    def installed(self) -> dict[str, str]:
        """Return the version of every package that is there, pip apart."""
        found = distributions(path=[str(self.packages)])
        versions = {canonicalize_name(each.name): each.version for each in found}
        return {name: version for name, version in versions.items() if name != "pip"}

    def written(self) -> dict[str, int]:
        """Return the inode of every package's metadata: a new one where it is installed again."""
        found = self.packages.glob("*.dist-info/METADATA")
        return {path.parent.name: path.stat().st_ino for path in found}

    def locked(self, name: str) -> dict[str, str]:
        """Return what the lock *name* has for this platform."""
        return pins((self.root / name).read_text())


@pytest.mark.parametrize("pip", [OLDEST, NEWEST])
def test_locks_are_installed_although_everything_has_a_newer_release(
    tmp_path: Path, pip: str
) -> None:
    machine = Machine.create(tmp_path, pip)

    demo = machine.make("install-demo")
    after_demo, written = machine.installed(), machine.written()
    everything = machine.make("install")

    assert demo.returncode == 0, demo.stderr
    assert everything.returncode == 0, everything.stderr
    assert after_demo == machine.locked(DEMO)
    assert machine.installed() == machine.locked(DEVELOPMENT)
    assert machine.written().items() >= written.items(), "nothing is installed twice"


def test_resolver_of_the_oldest_pip_is_misled_by_that_index(tmp_path: Path) -> None:
    """What the test above guards against; without a trap in the index it would prove nothing."""
    machine = Machine.create(tmp_path, OLDEST)
    machine.edit("Makefile", "--no-deps --require-hashes", "--require-hashes")

    done = machine.make("install")

    assert done.returncode != 0
    assert "must have their versions pinned with ==" in done.stderr
    assert not (tmp_path / ".venv" / "installed.lock").exists()


def test_lock_that_lacks_a_package_is_no_success(tmp_path: Path) -> None:
    """Nothing is resolved, so nothing else would notice before the import fails."""
    machine = Machine.create(tmp_path, OLDEST)
    machine.edit(DEMO, "mako==", "# mako==")

    done = machine.make("install-demo")

    assert done.returncode != 0
    assert "alembic 1" in done.stdout
    assert "requires mako, which is not installed" in done.stdout
    assert not (tmp_path / ".venv" / "installed.lock").exists()
