"""What is walked is what stands on the page."""

from __future__ import annotations

import pytest

from deploy.walk.page import Page
from deploy.walk.parts import from_one_role
from tests.support.compose import ROOT

PAGE = Page("""# Title

## First

Text with `code`.

```bash
# a comment, no heading
docker compose build app \\
  && docker tag one two
docker compose up -d   # behind it

one() { echo 1; }
(umask 022; one > file; echo "$(one)")
NAME=value
echo "$NAME ${NAME}"
echo other
```

```yaml
steps: []
```

### Inside

```bash
inside
```

## Second

No command.
""")


def test_continued_line_is_one_command() -> None:
    assert PAGE.commands("First")[0] == "docker compose build app && docker tag one two"


def test_lines_that_share_a_function_or_a_variable_are_one_command() -> None:
    assert PAGE.commands("First")[2:] == [
        'one() { echo 1; }\n(umask 022; one > file; echo "$(one)")',
        'NAME=value\necho "$NAME ${NAME}"',
        "echo other",
    ]


def test_section_ends_at_the_next_heading() -> None:
    assert PAGE.commands("Inside") == ["inside"]
    assert PAGE.commands("Second") == []
    assert PAGE.commands("Third") == []


@pytest.mark.parametrize(
    "heading",
    ["With Docker Compose", "In production", "Backups", "Restoring", "Emergency rollback"],
)
def test_walked_sections_are_on_the_page(heading: str) -> None:
    """Without a Docker engine nobody would notice that a heading was renamed."""
    page = Page((ROOT / "docs/operators/deployment.md").read_text("utf-8"))

    assert page.commands(heading)


def test_section_about_one_role_is_on_its_page() -> None:
    page = Page(from_one_role.PAGE.read_text("utf-8"))

    assert any(line.startswith("mv secrets") for line in page.commands(from_one_role.SECTION))
