"""The part of each rule's page that is code: what breaks the rule, and what it offers instead.

`python -m tests.support.rule_pages` writes it into the pages, from a rehearsal on PostgreSQL 16
and 18; `tests/plugins/safe_ddl/test_examples.py` holds the pages against both.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.support.judged import planned
from tests.support.older_server import older_server
from tests.support.project import REPOSITORY, Project
from tests.support.rule_examples import EXAMPLES, SETUP, STYLE, filled, on_a_page, tables
from tests.support.server import embedded_server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.rule_examples import Example
    from tests.support.server import TestServer

PAGES = REPOSITORY / "docs" / "rules"
_CODE, _NEXT = "## The code\n", "## Accept it when\n"
_OLDER, _NEWER = "On PostgreSQL 14 to 17:", "On PostgreSQL 18 and later:"


def page(rule: str) -> str:
    """Return the page of *rule*."""
    return (PAGES / f"{rule}.md").read_text(encoding="utf-8")


def block(code: str) -> str:
    """Return *code* as a page has it."""
    return f"```python\n{code}\n```\n"


def offered(project: Project, examples: Sequence[Example] = EXAMPLES) -> dict[str, str]:
    """Return the code that each rule offers for the example on its page, by rule."""
    for number, example in enumerate(examples):
        project.query(filled(SETUP + example.setup, tables(number)))
        code = "\n".join(filter(None, (example.before, example.code)))
        project.revision(f"r{number:02}", filled(code, tables(number)))
    found = planned(project)
    return {
        example.rule: on_a_page(finding["instead"], tables(number))
        for number, example in enumerate(examples)
        if example.is_shown
        for finding in found[f"r{number:02}"]
    }


def _section(rule: str, older: Mapping[str, str], newer: Mapping[str, str]) -> str:
    [example] = [each for each in (*EXAMPLES, *STYLE) if each.rule == rule and each.is_shown]
    broken = filled("\n".join(filter(None, (example.before, example.code))))
    parts = [_CODE.rstrip(), block(broken).rstrip()]
    codes = older[rule], newer[rule]
    if codes[0] != codes[1]:
        parts += [_OLDER, block(codes[0]).rstrip(), _NEWER, block(codes[1]).rstrip()]
    elif codes[0]:
        parts += ["Instead:", block(codes[0]).rstrip()]
    return "\n\n".join(parts) + "\n\n"


def _on(server: TestServer) -> dict[str, str]:
    found: dict[str, str] = {}
    for examples, plugins in ((EXAMPLES, {}), (STYLE, {"plugins.safe_ddl.style": True})):
        url = server.create_database()
        with TemporaryDirectory() as folder:
            project = Project.create(Path(folder) / "project", url)
            project.enable("backup", "safe_ddl")
            project.settings.update(plugins)
            found |= offered(project, examples)
        server.drop_database(url)
    return found


def write() -> None:
    """Write the code into every page."""
    with embedded_server() as server, older_server() as older_one:
        newer, older = _on(server), _on(older_one)
    for rule in newer:
        before, rest = page(rule).split(_CODE)
        _, after = rest.split(_NEXT, maxsplit=1)
        text = f"{before}{_section(rule, older, newer)}{_NEXT}{after}"
        (PAGES / f"{rule}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
