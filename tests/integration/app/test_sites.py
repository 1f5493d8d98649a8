"""Sites, from request to row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi.testclient import TestClient


def test_site_is_read_as_it_was_created(client: TestClient) -> None:
    created = client.post("/sites", json={"code": "BOG-01", "name": "Planta Bogotá"})

    read = client.get(created.headers["location"])

    assert (created.status_code, read.status_code) == (201, 200)
    assert read.json() == created.json()
    assert read.json()["name"] == "Planta Bogotá"
