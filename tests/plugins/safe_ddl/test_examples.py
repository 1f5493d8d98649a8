"""Each rule speaks of the revision that breaks it, and the code that it offers is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from plugins.safe_ddl.names import LEVELS, STYLE
from tests.support.judged import planned, revisions_of, rules, schema
from tests.support.project import Project
from tests.support.rule_examples import EXAMPLES, SETUP, filled, tables

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
    assert {example.rule for example in EXAMPLES} == set(LEVELS) - STYLE


def _write_safe(project: Project, found: dict[str, list[dict[str, Any]]]) -> None:
    for number, example in enumerate(EXAMPLES):
        [finding] = found[f"r{number:02}"]
        assert bool(finding["instead"]) is example.has_code, example
        if not example.is_rehearsed:
            continue
        if example.has_code and example.before:
            project.revision(f"s{number:02}", filled(example.before, tables(number)))
        for step, code in enumerate(revisions_of(finding["instead"])):
            project.revision(f"s{number:02}_{step}", code)
