"""The screens in the README are what the commands print today; `make screens` makes them again."""

from __future__ import annotations

import re

import pytest

from tests.support.project import REPOSITORY
from tests.support.screens.scenes import FOLDER, SCENES, screens
from tests.support.screens.svg import as_text

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Return every screen, made now."""
    return screens()


@pytest.mark.parametrize("name", SCENES)
def test_screen_is_what_the_command_prints_today(name: str, made: dict[str, str]) -> None:
    kept = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")

    assert as_text(kept) == as_text(made[name]), "old: run `make screens`"


def test_every_screen_is_in_the_readme_with_words_for_who_cannot_see_it() -> None:
    shown = re.findall(r"!\[([^\]]+)\]\(docs/screens/(\w+)\.svg\)", README)

    assert sorted(name for _, name in shown) == sorted(SCENES)
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(SCENES)
    assert all(len(words.split()) > 3 for words, _ in shown)


@pytest.mark.parametrize("name", SCENES)
def test_screen_asks_no_other_host(name: str) -> None:
    kept = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")

    assert "http" not in kept.replace("http://www.w3.org/2000/svg", "")
