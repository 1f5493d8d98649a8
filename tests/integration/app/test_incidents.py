"""Incidents, from request to row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

INCIDENT = {
    "site_id": 1,
    "reported_by_id": 1,
    "occurred_at": "2026-11-20T14:30:00-05:00",
    "title": "Ladder slipped",
    "severity": 2,
}


@pytest.fixture(autouse=True)
def people_and_places(client: TestClient) -> None:
    """Create two sites and a worker."""
    for code in ("BOG-01", "MED-01"):
        client.post("/sites", json={"code": code, "name": "Any"})
    worker = {"site_id": 1, "employee_number": "1001", "full_name": "Ana Ruiz"}
    client.post("/workers", json=worker)


def titles(client: TestClient, **filters: object) -> list[str]:
    """Return the titles of the incidents that the list shows."""
    answer = client.get("/incidents", params={name: str(each) for name, each in filters.items()})
    return [incident["title"] for incident in answer.json()["items"]]


def test_new_incident_is_open_and_its_time_is_in_utc(client: TestClient) -> None:
    created = client.post("/incidents", json=INCIDENT)

    read = client.get(created.headers["location"])

    assert (created.status_code, read.json()) == (201, created.json())
    assert read.json()["status"] == "open"
    assert read.json()["occurred_at"] == "2026-11-20T19:30:00Z"


def test_incident_is_closed(client: TestClient) -> None:
    where = client.post("/incidents", json=INCIDENT).headers["location"]

    client.patch(where, json={"status": "closed", "description": "Feet were worn.\nReplaced."})

    found = client.get(where).json()
    assert (found["status"], found["description"]) == ("closed", "Feet were worn.\nReplaced.")
    assert found["title"] == INCIDENT["title"]


def test_incident_stays_where_it_happened_and_with_who_reported_it(client: TestClient) -> None:
    where = client.post("/incidents", json=INCIDENT).headers["location"]

    refused = [client.patch(where, json={name: 1}) for name in ("site_id", "reported_by_id")]

    assert [answer.status_code for answer in refused] == [422, 422]


@pytest.mark.parametrize(
    ("reference", "detail"),
    [
        ("site_id", "There is no site with this site_id."),
        ("reported_by_id", "There is no worker with this reported_by_id."),
    ],
)
def test_incident_refers_to_what_exists(client: TestClient, reference: str, detail: str) -> None:
    refused = client.post("/incidents", json=INCIDENT | {reference: 7})

    assert (refused.status_code, refused.json()["detail"]) == (409, detail)
    assert titles(client) == []


def test_filters_narrow_the_list(client: TestClient) -> None:
    client.post("/incidents", json=INCIDENT | {"title": "early"})
    client.post("/incidents", json=INCIDENT | {"title": "elsewhere", "site_id": 2})
    late = INCIDENT | {"title": "late", "occurred_at": "2026-11-21T00:00:00Z"}
    where = client.post("/incidents", json=late).headers["location"]
    client.patch(where, json={"status": "closed"})

    assert titles(client, site_id=1) == ["early", "late"]
    assert titles(client, site_id=1, status="open") == ["early"]
    assert titles(client, occurred_from="2026-11-21T00:00:00Z") == ["late"]
    assert titles(client, occurred_before="2026-11-20T19:00:00-05:00") == ["early", "elsewhere"]
    assert titles(client, reported_by_id=2) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occurred_at", "0001-01-01T00:00:00+14:00"),
        ("occurred_at", "9999-12-31T23:59:59-14:00"),
        ("occurred_at", "2026-11-20T14:30:00"),
        ("occurred_at", 1e300),
        ("severity", 0),
        ("severity", 6),
        ("severity", 2**31),
        ("severity", "2"),
        ("description", "nul\x00"),
        ("title", "two\nlines"),
        ("status", "closed"),
    ],
)
def test_value_that_no_incident_has_is_refused(
    client: TestClient, field: str, value: object
) -> None:
    refused = client.post("/incidents", json=INCIDENT | {field: value})

    assert refused.status_code == 422
    assert [error["where"][:2] for error in refused.json()["errors"]] == [["body", field]]


def test_offset_that_postgresql_does_not_know_is_taken(client: TestClient) -> None:
    """RFC 3339 has offsets up to 23:59, PostgreSQL up to 15:59."""
    created = client.post(
        "/incidents", json=INCIDENT | {"occurred_at": "2026-11-20T14:30:00+18:48"}
    )

    assert (created.status_code, created.json()["occurred_at"]) == (201, "2026-11-19T19:42:00Z")
