"""Print the part of a lock that the extras named as arguments need: `extras.py s3 redis`.

pip installs a lock with hashes as a whole, or not at all; who wants one driver should not get all
of them. The lock says after each package who needs it (`# via`).
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def needed(lock: str, extras: list[str], declared: dict[str, list[str]]) -> str:
    """Return the blocks of *lock* that *extras*, as *declared*, need; exit when one is unknown."""
    unknown = [name for name in extras if name not in declared]
    if unknown:
        sys.exit(f"no extra {', '.join(unknown)}; there are: {', '.join(sorted(declared))}")
    blocks = {_name(block): block for block in re.split(r"\n(?=\w)", lock.strip())}
    wanted = {_name(line) for extra in extras for line in declared[extra]}
    if missing := wanted - blocks.keys():
        sys.exit(f"not in the lock: {', '.join(sorted(missing))}")
    size = 0
    while len(wanted) > size:
        size = len(wanted)
        wanted |= {name for name, block in blocks.items() if _parents(block) & wanted}
    return "\n".join(block for name, block in blocks.items() if name in wanted)


def _parents(block: str) -> set[str]:
    via = block.partition("# via")[2]
    return {_name(line) for line in re.sub(r"[\s#]+", "\n", via).split("\n") if line[:1].isalnum()}


def _name(text: str) -> str:
    found = _NAME.match(text)
    return re.sub(r"[._-]+", "-", found[0]).lower() if found else ""


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (folder / "requirements-extras.lock").read_text(encoding="utf-8")
    print(needed(text, sys.argv[2:], project["optional-dependencies"]))  # noqa: T201 - a filter
