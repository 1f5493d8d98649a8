"""The pages that tests follow, and the examples on them."""

from __future__ import annotations

import re

from tests.support.project import REPOSITORY

_DOCS = REPOSITORY / "docs"
PAGE = (_DOCS / "plugin-authors" / "writing-a-plugin.md").read_text(encoding="utf-8")
"""The page for plugin authors."""
SETTINGS_PAGE = (_DOCS / "application-developers" / "settings.md").read_text(encoding="utf-8")
"""The page for a team that has settings of its own."""


def python_example(beginning: str, page: str = PAGE) -> str:
    """Return the one file on *page* whose docstring begins so."""
    [found] = (text for text in examples("python", page) if text.startswith(f'"""{beginning}'))
    return found


def examples(language: str, page: str = PAGE) -> list[str]:
    """Return the examples in *language*, in the order of *page*."""
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def commands(page: str = PAGE) -> dict[str, str]:
    """Return what *page* says that each command prints."""
    found: dict[str, str] = {}
    for console in examples("console", page):
        for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found[command] = output
    return found
