"""The rehearsal on an empty copy says what PostgreSQL itself says of a filled table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project
from tests.support.truth_table import CASES, Measured, cases_for, measured, set_up, without_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.server import TestServer
    from tests.support.truth_table import Case


@pytest.fixture
def project(each_server: TestServer, tmp_path: Path) -> Iterator[Project]:
    """Return a project on that server."""
    url = each_server.create_database()
    yield Project.create(tmp_path / "project", url)
    each_server.drop_database(url)


@pytest.fixture
def cases(project: Project) -> dict[str, Case]:
    """Return the statements that the server knows."""
    [(number,)] = project.query("select current_setting('server_version_num')::integer")
    return cases_for(number // 10_000)


def test_every_statement_does_what_the_server_says(
    project: Project, cases: dict[str, Case]
) -> None:
    """Locks, rewritten files and scans of each form of the truth table."""
    set_up(project.database_url, cases)
    truth = measured(project.database_url, cases)

    told = _rehearsed(project, cases)

    assert len(cases) >= len(CASES) - 2
    assert {name: told[name] for name in cases} == {
        name: without_rows(truth[name], name, case) for name, case in cases.items()
    }


def _rehearsed(project: Project, cases: dict[str, Case]) -> dict[str, Measured]:
    project.enable("backup")
    for name, case in cases.items():
        sql = case.sql.replace("{t}", name)
        project.revision(name, f"op.get_bind().exec_driver_sql({sql!r})")
    plan = json.loads(project.migrate("plan", "--json").stdout)
    assert plan["why_not"] is None
    assert plan["rehearsed"]
    return {each["revision"]: _as_measured(each["statements"]) for each in plan["revisions"]}


def _as_measured(statements: list[dict[str, Any]]) -> Measured:
    [one] = statements
    return Measured(
        {lock["relation"]: lock["mode"] for lock in one["locks"]},
        frozenset(one["rewrites"]),
        frozenset(one["scans"]),
    )
