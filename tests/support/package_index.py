"""A package index in a folder that is ahead of our locks: of each package a newer release as well.

The wheels hold no code. Names, versions and what they require are those of the packages that the
tests run with, so a resolver meets exactly the graph that the locks describe.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from importlib.metadata import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^(?P<line>\S+==[^\\\n]+?) \\\n(?:    --hash=\S+(?: \\)?\n?)+", re.MULTILINE)
_ASKED = ("Requires-Python", "Provides-Extra", "Requires-Dist")


class PackageIndex:
    """An index as PEP 503 describes it, below the folder *root*."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hashes: dict[tuple[str, str], str] = {}

    @property
    def url(self) -> str:
        """What pip takes as its `--index-url`."""
        return self._root.as_uri()

    def offer(self, lock: str) -> str:
        """Offer what *lock* names, and a newer release of each; return the lock of these wheels.

        A package that another platform needs stays as it is: nothing here asks for it.
        """

        def locked(block: re.Match[str]) -> str:
            requirement = Requirement(block["line"])
            if requirement.marker and not requirement.marker.evaluate():
                return block[0]
            return f"{block['line']} --hash=sha256:{self._both(requirement)}\n"

        return _BLOCK.sub(locked, lock)

    def _both(self, requirement: Requirement) -> str:
        """Offer the locked release and the next one; return the hash of the locked one."""
        name, version = pin(requirement)
        if (name, version) not in self._hashes:
            *release, last = Version(version).release
            self._write(name, ".".join(map(str, [*release, last + 1])))
            self._hashes[name, version] = self._write(name, version)
        return self._hashes[name, version]

    def _write(self, name: str, version: str) -> str:
        """Write a wheel and its line on the package's page; return the wheel's hash."""
        folder = self._root / name
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{name.replace('-', '_')}-{version}"
        wheel = folder / f"{stem}-py3-none-any.whl"
        files = {"METADATA": _metadata(name, version), "WHEEL": _WHEEL, "RECORD": ""}
        with zipfile.ZipFile(wheel, "w") as archive:
            for file, text in files.items():
                archive.writestr(f"{stem}.dist-info/{file}", text)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with (folder / "index.html").open("a") as page:
            page.write(f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>\n')
        return digest


def pins(lock: str) -> dict[str, str]:
    """Return the versions that *lock* has for this platform, by package."""
    lines = re.findall(r"^(\S+==[^\\\n]+?)(?: \\| --hash.*)$", lock, re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    return dict(pin(each) for each in wanted if not each.marker or each.marker.evaluate())


def pin(requirement: Requirement) -> tuple[str, str]:
    """Return the package and its version of a line `name==version`."""
    return canonicalize_name(requirement.name), str(requirement.specifier).removeprefix("==")


def _metadata(name: str, version: str) -> str:
    """Return what the installed package of that name says of itself, as that *version*."""
    installed = metadata(name)
    asked = [f"{key}: {value}" for key in _ASKED for value in installed.get_all(key) or ()]
    return "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *asked, ""])


_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
