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
--name=x hash=y
plan > plan.md     # hash=
hash=$(plan --json | jq -r .plan_hash)   # read
upgrade --plan "$hash"
upgrade
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
        "--name=x hash=y",
        "plan > plan.md     # hash=",
        'hash=$(plan --json | jq -r .plan_hash)   # read\nupgrade --plan "$hash"',
        "upgrade",
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


def test_plan_that_is_read_and_the_run_that_it_lets_through_are_one_command() -> None:
    """The walk runs each command in a shell of its own, where the hash would be empty."""
    page = Page((ROOT / "docs/operators/deployment.md").read_text("utf-8"))

    [command] = [each for each in page.commands("In production") if "--plan" in each]

    assert command.startswith("hash=$(")


def test_section_about_one_role_is_on_its_page() -> None:
    page = Page(from_one_role.PAGE.read_text("utf-8"))

    assert any(line.startswith("mv secrets") for line in page.commands(from_one_role.SECTION))
