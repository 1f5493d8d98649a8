"""Workers, from request to row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

WORKER = {"site_id": 1, "employee_number": "1001", "full_name": "Ana Ruiz"}


@pytest.fixture(autouse=True)
def site(client: TestClient) -> None:
    """Create the site that the workers work at, with the id 1."""
    client.post("/sites", json={"code": "BOG-01", "name": "Planta Bogotá"})


def test_new_worker_is_active(client: TestClient) -> None:
    created = client.post("/workers", json=WORKER)

    read = client.get(created.headers["location"])

    assert created.status_code == 201
    assert read.json() == {"id": 1, "hired_on": None, "is_active": True, **WORKER}


def test_worker_who_leaves_becomes_inactive(client: TestClient) -> None:
    where = client.post("/workers", json=WORKER | {"hired_on": "2020-02-29"}).headers["location"]

    client.patch(where, json={"is_active": False})

    assert client.get(where).json()["is_active"] is False
    assert client.get("/workers?is_active=true").json()["items"] == []
    assert len(client.get("/workers?is_active=false").json()["items"]) == 1


def test_day_can_be_taken_back(client: TestClient) -> None:
    where = client.post("/workers", json=WORKER | {"hired_on": "2020-02-29"}).headers["location"]

    client.patch(where, json={"hired_on": None})

    assert client.get(where).json()["hired_on"] is None


def test_worker_works_at_a_site_that_exists(client: TestClient) -> None:
    where = client.post("/workers", json=WORKER).headers["location"]

    created = client.post("/workers", json=WORKER | {"site_id": 7, "employee_number": "1002"})
    changed = client.patch(where, json={"site_id": 7})

    for refused in (created, changed):
        assert refused.status_code == 409
        assert refused.json()["detail"] == "There is no site with this site_id."


def test_employee_number_belongs_to_one_worker(client: TestClient) -> None:
    client.post("/workers", json=WORKER)

    refused = client.post("/workers", json=WORKER | {"full_name": "Luis Mora"})

    assert refused.status_code == 409
    assert refused.json()["detail"] == "Another worker has this employee number."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site_id", "1"),
        ("site_id", True),
        ("site_id", 2**63),
        ("hired_on", "9999-12-31"),
        ("hired_on", "2023-02-29"),
        ("hired_on", 0),
        ("full_name", " "),
        ("employee_number", ""),
        ("is_active", False),
    ],
)
def test_value_that_no_worker_has_is_refused(
    client: TestClient, field: str, value: object
) -> None:
    refused = client.post("/workers", json=WORKER | {field: value})

    assert refused.status_code == 422
    assert [error["where"][:2] for error in refused.json()["errors"]] == [["body", field]]
