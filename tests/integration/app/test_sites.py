"""Sites, from request to row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

SITE = {"code": "BOG-01", "name": "Planta Bogotá"}


def test_site_is_read_as_it_was_created(client: TestClient) -> None:
    created = client.post("/sites", json=SITE)

    read = client.get(created.headers["location"])

    assert (created.status_code, read.status_code) == (201, 200)
    assert read.json() == created.json()
    assert read.json().items() >= SITE.items()


def test_code_belongs_to_one_site(client: TestClient) -> None:
    client.post("/sites", json=SITE)
    other = client.post("/sites", json=SITE | {"code": "MED-01"}).headers["location"]

    created = client.post("/sites", json=SITE | {"name": "Another"})
    changed = client.patch(other, json={"code": SITE["code"]})

    for refused in (created, changed):
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"] == "Another site has this code."
    assert client.get(other).json()["code"] == "MED-01"


def test_change_leaves_what_it_does_not_name(client: TestClient) -> None:
    where = client.post("/sites", json=SITE).headers["location"]

    changed = client.patch(where, json={"name": "Planta Norte"})

    assert changed.json() == client.get(where).json()
    assert changed.json().items() >= (SITE | {"name": "Planta Norte"}).items()


def test_empty_change_changes_nothing(client: TestClient) -> None:
    created = client.post("/sites", json=SITE)

    changed = client.patch(created.headers["location"], json={})

    assert (changed.status_code, changed.json()) == (200, created.json())


def test_site_that_is_not_there_is_not_found(client: TestClient) -> None:
    read, changed = client.get("/sites/7"), client.patch("/sites/7", json={})

    assert [read.status_code, changed.status_code] == [404, 404]
    assert read.json()["detail"] == "There is no site 7."


def test_pages_show_every_site_once(client: TestClient) -> None:
    codes = [f"S-{number}" for number in range(5)]
    for code in codes:
        client.post("/sites", json={"code": code, "name": "Any"})

    seen, after, pages = [], 0, 0
    while after is not None:
        answer = client.get("/sites", params={"limit": 2, "after": after}).json()
        seen += [site["code"] for site in answer["items"]]
        after, pages = answer["next"], pages + 1

    assert (seen, pages) == (codes, 3)


def test_page_that_is_exactly_full_is_the_last_one(client: TestClient) -> None:
    client.post("/sites", json=SITE)

    answer = client.get("/sites", params={"limit": 1}).json()

    assert (len(answer["items"]), answer["next"]) == (1, None)


def test_list_shows_the_site_with_a_code(client: TestClient) -> None:
    client.post("/sites", json=SITE)
    client.post("/sites", json=SITE | {"code": "MED-01"})

    answer = client.get("/sites", params={"code": "MED-01"}).json()

    assert [site["code"] for site in answer["items"]] == ["MED-01"]


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=99999999999999999999", "limit=ten", "limit=10&limit=x"),
        *("after=-1", "after=1e400", "code=%00", "code=", "page=2"),
    ],
)
def test_list_refuses_what_no_page_is(client: TestClient, query: str) -> None:
    answer = client.get(f"/sites?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'{"code": "\xc3"}', 400),
        (b'{"code": "A", "name": "nul\\u0000"}', 422),
        (b'{"code": "A", "name": "half \\ud800"}', 422),
        (b'{"code": "A", "name": null}', 422),
        (b'{"code": "A", "name": "B", "id": 7}', 422),
        (b'{"code": NaN, "name": "B"}', 422),
        (b'{"code": "A", "name": "' + b"x" * 100_000 + b'"}', 422),
        (b"[" * 100_000, 400),
    ],
    ids=range(12),
)
def test_body_that_is_no_site_is_refused(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/sites", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("site_id", ["0", "-1", "seven", "9223372036854775808", "%00", "1.5"])
def test_path_that_is_no_id_is_refused(client: TestClient, site_id: str) -> None:
    assert client.get(f"/sites/{site_id}").status_code == 422
