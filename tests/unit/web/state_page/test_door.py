"""Who is let in: by the header, by the form and its cookie, never by the address."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from sst.web import create_app
from sst.web.state_page.attempts import MOST_WRONG
from sst.web.state_page.form import MOST_BYTES
from tests.support.fake_runtime import OPERATIONS_TOKEN, fake_runtime
from tests.support.web import ask, bearer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

FORM = {"content-type": "application/x-www-form-urlencoded"}
RIGHT = f"token={OPERATIONS_TOKEN}".encode()


def send(
    app: FastAPI,
    content: bytes = RIGHT,
    headers: Mapping[str, str] = MappingProxyType({}),
    base: str = "http://test",
) -> httpx.Response:
    """Return the answer of *app* to a form that is sent to the page."""
    [answer] = exchange(app, [("POST", "/state", content, {**FORM, **headers})], base)
    return answer


def exchange(
    app: FastAPI, requests: list[tuple[str, str, bytes, dict[str, str]]], base: str = "http://test"
) -> list[httpx.Response]:
    """Return the answers of *app* to *requests*, one after the other, in one browser."""

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return [
                await client.request(method, path, content=content, headers=headers)
                for method, path, content, headers in requests
            ]

    return asyncio.run(run())


def wrong(**fields: Any) -> tuple[str, str, bytes, dict[str, str]]:
    """Return a request with a wrong token in the form."""
    return ("POST", "/state", b"token=wrong", {**FORM, **fields})


def test_without_the_token_the_form_is_shown_and_nothing_else() -> None:
    answer = ask(create_app(fake_runtime()), "/state")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert '<input id="token" name="token" type="password"' in answer.text
    assert "development" not in answer.text


@pytest.mark.parametrize(
    "address",
    [
        f"/state?token={OPERATIONS_TOKEN}",
        f"/state?operations_token={OPERATIONS_TOKEN}",
        f"/state?authorization=Bearer%20{OPERATIONS_TOKEN}",
        f"/state?sst_state={OPERATIONS_TOKEN}",
    ],
)
def test_token_in_the_address_is_never_read(address: str) -> None:
    app = create_app(fake_runtime())

    shown, sent = exchange(app, [("GET", address, b"", {}), ("POST", address, b"", FORM)])

    assert (shown.status_code, sent.status_code) == (401, 401)


def test_right_token_sets_a_cookie_for_the_page_alone_and_leads_there() -> None:
    answer = send(create_app(fake_runtime()))

    assert (answer.status_code, answer.headers["location"]) == (303, "state")
    cookie = answer.headers["set-cookie"]
    assert {part.strip() for part in cookie.split(";")[1:]} == {
        *("HttpOnly", "SameSite=strict", "Path=/state", "Max-Age=28800")
    }
    assert OPERATIONS_TOKEN not in cookie


def test_over_https_the_cookie_is_for_https_alone() -> None:
    answer = send(create_app(fake_runtime()), base="https://test")

    assert "; Secure" in answer.headers["set-cookie"]


def test_wrong_token_is_told_beside_the_field_and_not_shown_again() -> None:
    answer = send(create_app(fake_runtime()), b"token=canary-typed-password")

    assert answer.status_code == 401
    assert "That is not the operations token." in answer.text
    assert "canary-typed-password" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("content", [b"", b"token=", b"token=%20", b"other=1", b"&&&"])
def test_empty_form_is_a_wrong_try(content: bytes) -> None:
    assert send(create_app(fake_runtime()), content).status_code == 401


def test_after_five_wrong_tries_the_right_token_is_not_looked_at_either() -> None:
    app = create_app(fake_runtime())
    right = ("POST", "/state", RIGHT, FORM)

    *tries, late, header = exchange(
        app, [wrong()] * MOST_WRONG + [right, ("GET", "/state", b"", bearer(OPERATIONS_TOKEN))]
    )

    assert {each.status_code for each in tries} == {401}
    assert (late.status_code, header.status_code) == (429, 429)
    assert 0 < int(late.headers["retry-after"]) <= 60
    assert "Too many wrong tries." in late.text


def test_wrong_tokens_in_the_header_count_as_tries() -> None:
    app = create_app(fake_runtime())

    *_, last = exchange(app, [("GET", "/state", b"", bearer("wrong"))] * (MOST_WRONG + 1))

    assert last.status_code == 429


def test_page_is_closed_where_the_settings_have_no_token() -> None:
    app = create_app(fake_runtime(operations_token=None))

    shown, sent, header = exchange(
        app,
        [
            ("GET", "/state", b"", {}),
            ("POST", "/state", b"token=", FORM),
            ("GET", "/state", b"", bearer("")),
        ],
    )

    assert [each.status_code for each in (shown, sent, header)] == [403, 403, 403]
    assert "OPERATIONS_TOKEN" in shown.text
    assert "<form" not in shown.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://test:8080"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://test"},
    ],
)
def test_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    answer = send(create_app(fake_runtime()), headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://test"}, {"sec-fetch-site": "same-origin", "origin": "https://outside"}],
)
def test_own_form_is_admitted_also_behind_a_proxy_that_changes_the_host(
    headers: dict[str, str],
) -> None:
    assert send(create_app(fake_runtime()), headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b"token=" + b"x" * MOST_BYTES, {}, 413),
        (RIGHT, {"content-type": "application/json"}, 415),
        (RIGHT, {"content-type": "multipart/form-data; boundary=x"}, 415),
        (b"token=%ff", {}, 400),
        (b"token=\xff", {}, 400),
        (b"&".join([b"a=1"] * 1000), {}, 400),
    ],
)
def test_body_that_is_no_small_form_is_refused(
    content: bytes, headers: dict[str, str], expected: int
) -> None:
    answer = send(create_app(fake_runtime()), content, headers)

    assert answer.status_code == expected
    assert answer.headers["content-type"] == "application/problem+json"


def test_token_with_characters_of_any_alphabet_is_typed_as_it_is() -> None:
    app = create_app(fake_runtime(operations_token=SecretStr("señal+& 100%")))

    answer = send(app, b"token=se%C3%B1al%2B%26+100%25")

    assert answer.status_code == 303


def test_leaving_takes_the_cookie_away() -> None:
    app = create_app(fake_runtime())

    entered, left, after = exchange(
        app,
        [
            ("POST", "/state", RIGHT, FORM),
            ("POST", "/state/leave", b"", FORM),
            ("GET", "/state", b"", {}),
        ],
    )

    assert (entered.status_code, left.status_code, after.status_code) == (303, 303, 401)
    assert left.headers["location"] == "../state"


def test_leaving_is_not_done_for_another_site() -> None:
    asked = {**FORM, "sec-fetch-site": "cross-site"}

    [answer] = exchange(create_app(fake_runtime()), [("POST", "/state/leave", b"", asked)])

    assert answer.status_code == 403


def test_policy_lets_the_page_load_its_stylesheet_and_nothing_else() -> None:
    answer = ask(create_app(fake_runtime()), "/state")

    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert answer.headers["cache-control"] == "no-store"


def test_page_is_not_in_the_description_of_the_interface() -> None:
    description = ask(create_app(fake_runtime()), "/openapi.json").text

    assert "/state" not in description


def test_stylesheet_is_served_to_everybody_and_its_address_changes_with_it() -> None:
    app = create_app(fake_runtime())
    page = ask(app, "/state").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]

    style = ask(app, f"/{address}")

    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "?v=" in address
    assert "max-age" in style.headers["cache-control"]
