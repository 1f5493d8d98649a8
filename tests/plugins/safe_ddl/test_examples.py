"""Each rule speaks of the revision that breaks it, and the code that it offers is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from plugins.safe_ddl.names import LEVELS
from plugins.safe_ddl.names import STYLE as TASTE
from tests.support.judged import planned, revisions_of, rules, schema
from tests.support.project import Project
from tests.support.rule_examples import EXAMPLES, SETUP, STYLE, filled, on_a_page, tables
from tests.support.rule_pages import block, offered, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.server import TestServer

pytestmark = pytest.mark.slow


@pytest.fixture
def projects(each_server: TestServer, tmp_path: Path) -> Iterator[tuple[Project, Project]]:
    """Return two projects with the tables of all examples."""
    urls = [each_server.create_database() for _ in range(2)]
    made = [Project.create(tmp_path / f"project{at}", url) for at, url in enumerate(urls)]
    for project in made:
        project.enable("backup", "safe_ddl")
        for number, example in enumerate(EXAMPLES):
            project.query(filled(SETUP + example.setup, tables(number)))
    yield made[0], made[1]
    for url in urls:
        each_server.drop_database(url)


def test_rules_find_what_breaks_them_and_offer_code_that_is_safe(
    projects: tuple[Project, Project],
) -> None:
    broken, safe = projects
    for number, example in enumerate(EXAMPLES):
        code = "\n".join(filter(None, (example.before, example.code)))
        broken.revision(f"r{number:02}", filled(code, tables(number)))

    found = planned(broken)

    assert {number: rules(found[f"r{number:02}"]) for number in range(len(EXAMPLES))} == {
        number: [example.rule] for number, example in enumerate(EXAMPLES)
    }
    _assert_on_pages(found)
    _write_safe(safe, found)
    assert {each: found for each, found in planned(safe).items() if found} == {}
    for project in projects:
        project.enable()
        result = project.migrate("upgrade")
        assert result.exit_code == 0, result.stderr
    for number, example in enumerate(EXAMPLES):
        if example.has_code and example.same_schema:
            names = tables(number)
            assert schema(safe, *names) == schema(broken, *names), example


def test_every_rule_has_an_example() -> None:
    assert {example.rule for example in EXAMPLES} == set(LEVELS) - TASTE


def test_rules_of_taste_find_what_breaks_them(project: Project) -> None:
    project.enable("backup", "safe_ddl")
    project.settings["plugins.safe_ddl.style"] = True

    found = offered(project, STYLE)

    assert {example.rule for example in STYLE} == set(TASTE)
    assert {rule: block(code) in page(rule) for rule, code in found.items()} == dict.fromkeys(
        TASTE, True
    )


def _assert_on_pages(found: dict[str, list[dict[str, Any]]]) -> None:
    for number, example in enumerate(EXAMPLES):
        if example.is_shown:
            [finding] = found[f"r{number:02}"]
            names, text = tables(number), page(example.rule)
            broken = "\n".join(filter(None, (example.before, example.code)))
            assert block(filled(broken)) in text, "python -m tests.support.rule_pages writes it"
            assert block(on_a_page(finding["instead"], names)) in text or not finding["instead"]


def _write_safe(project: Project, found: dict[str, list[dict[str, Any]]]) -> None:
    for number, example in enumerate(EXAMPLES):
        [finding] = found[f"r{number:02}"]
        assert bool(finding["instead"]) is example.has_code, example
        if example.has_code and example.before:
            project.revision(f"s{number:02}", filled(example.before, tables(number)))
        for step, code in enumerate(revisions_of(finding["instead"])):
            project.revision(f"s{number:02}_{step}", code)
