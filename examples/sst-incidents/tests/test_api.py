"""The routes, on the real application and a real database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from sst.runtime import open_runtime
from sst.web.application import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.testing import Project

REPORTS = "/plugins/incidents/reports"
NEW = {"title": "a crack in the scaffold", "severity": 2}


@contextmanager
def served(project: Project, *overrides: str) -> Iterator[TestClient]:
    """Serve the application of *project*, with `NAME=VALUE` settings."""
    environ = {"DATABASE_URL": project.database_url}
    with open_runtime(project.root, environ=environ, overrides=overrides) as runtime:
        yield TestClient(create_app(runtime))


def test_report_is_kept_and_listed_until_it_has_a_site(incidents: Project) -> None:
    with served(incidents) as client:
        created = client.post(REPORTS, json=NEW)
        waiting = client.get(REPORTS, params={"without_site": True})
        placed = client.put(f"{REPORTS}/{created.json()['id']}/site/7")
        left = client.get(REPORTS, params={"without_site": True})

    assert created.status_code == 201, created.text
    assert [each["title"] for each in waiting.json()] == [NEW["title"]]
    assert placed.json()["site_id"] == 7
    assert left.json() == []


@pytest.mark.parametrize("wrong", [{"severity": 6}, {"title": ""}, {"sight": 7}])
def test_wrong_report_is_refused(incidents: Project, wrong: dict[str, object]) -> None:
    with served(incidents) as client:
        answer = client.post(REPORTS, json=NEW | wrong)

    assert answer.status_code == 422
    assert incidents.query("SELECT count(*) FROM incident_reports") == [(0,)]


def test_unknown_site_is_not_found(incidents: Project) -> None:
    with served(incidents) as client:
        answer = client.post(REPORTS, json=NEW | {"site_id": 8})

    assert answer.status_code == 404


def test_token_is_asked_for_where_one_is_set(incidents: Project) -> None:
    with served(incidents, "PLUGINS__INCIDENTS__TOKEN=canary-token") as client:
        without = client.get(REPORTS)
        wrong = client.get(REPORTS, headers={"Authorization": "Bearer canary"})
        right = client.get(REPORTS, headers={"Authorization": "Bearer canary-token"})

    assert (without.status_code, wrong.status_code, right.status_code) == (401, 401, 200)
    assert "canary" not in without.text + wrong.text
