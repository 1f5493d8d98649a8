"""Every relative link of every Markdown file leads somewhere, anchors included."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS_OF_ROOMS = ("bridge", "cli", "config", "hooks", "migrator")
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]*)\)")
_PATH = re.compile(r"`((?:\w[\w.-]*/)+[\w.-]*)`")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def pages() -> list[Path]:
    """Return the Markdown files of the repository, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).exists()]


def broken_links(page: Path) -> list[str]:
    """Return the relative links of *page* that lead to no file or to no heading."""
    targets = _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in targets if "://" not in target and not _leads(page, target)]


def anchors(page: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of *page*."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    seen: Counter[str] = Counter()
    names = set()
    for heading in headings:
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return names


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_link_to_nothing_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title: one\n## Twice\n## Twice\n```\n# no heading [x](in-code.md)\n```\n"
        "[a](#a-title-one) [b](#twice-1) [c](page.md#twice) [d](https://example.org/x.md)\n"
        "`[e](quoted.md)` [f](gone.md) [g](#no-heading) [h](page.md#twice-2)\n"
    )

    assert broken_links(page) == ["gone.md", "#no-heading", "page.md#twice-2"]


def test_paths_that_contributing_names_are_there() -> None:
    """Of a file that is yet to be made, such as `plugins/NAME.py`, it is the folder."""
    paths = set(_PATH.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))

    places = {path: path.rpartition("/")[0] if "NAME" in path else path for path in paths}

    assert "plugins/NAME.py" in paths
    assert {path for path, place in places.items() if not (ROOT / place).exists()} == set()


def test_map_of_the_house_names_every_room_of_the_core() -> None:
    """Rooms inside a room of rooms (`sst/web/endpoints/`) are in that room's own map."""
    paths = set(_PATH.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    levels = ("sst/*/__init__.py", *(f"sst/{each}/*/__init__.py" for each in ROOMS_OF_ROOMS))
    rooms = {init.parent for level in levels for init in ROOT.glob(level)}

    assert {f"{room.relative_to(ROOT)}/" for room in rooms} - paths == set()


def test_every_page_is_in_the_index() -> None:
    """Those of the rules are in `docs/rules/README.md`, as a test of the rules says."""
    index = ROOT / "docs" / "README.md"
    linked = set(_LINK.findall(index.read_text(encoding="utf-8")))

    paths = [path for path in index.parent.glob("*/*.md") if path.parent.name != "rules"]
    pages_there = {"rules/README.md", *(str(path.relative_to(index.parent)) for path in paths)}

    assert pages_there - linked == set()


def _leads(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    there = (page.parent / name).resolve() if name else page
    return there.exists() and (not anchor or anchor in anchors(there))
