"""The page for plugin authors, and the examples on it."""

from __future__ import annotations

import re

from tests.support.project import REPOSITORY

PAGE = (REPOSITORY / "docs" / "plugin-authors" / "writing-a-plugin.md").read_text(encoding="utf-8")


def python_example(beginning: str) -> str:
    """Return the one file on the page whose docstring begins so."""
    [found] = (
        text
        for text in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
        if text.startswith(f'"""{beginning}')
    )
    return str(found)
