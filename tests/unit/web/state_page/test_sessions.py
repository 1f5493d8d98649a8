"""The cookie that stands for the token."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from sst.web.state_page.sessions import LASTING_SECONDS, Sessions
from sst.web.token import OperationsToken

TOKEN = "canary-operations-token"


def sessions(token: str | None = TOKEN, now: float = 1_000_000) -> Sessions:
    """Return the sessions of an application whose clock says *now*."""
    secret = None if token is None else SecretStr(token)
    return Sessions(OperationsToken(secret), clock=lambda: now)


def test_cookie_is_admitted_by_every_process_with_the_same_token() -> None:
    cookie = sessions().begin()

    assert sessions().admits(cookie)


def test_cookie_does_not_hold_the_token() -> None:
    assert TOKEN not in sessions().begin()


@pytest.mark.parametrize(("after_seconds", "expected"), [(0, True), (1, False)])
def test_cookie_ends_by_itself(after_seconds: int, expected: bool) -> None:  # noqa: FBT001
    cookie = sessions(now=0).begin()

    is_admitted = sessions(now=LASTING_SECONDS - 1 + after_seconds).admits(cookie)

    assert is_admitted is expected


def test_another_token_ends_every_session() -> None:
    cookie = sessions().begin()

    assert not sessions("another").admits(cookie)


def test_later_end_is_not_admitted_with_the_signature_of_an_earlier_one() -> None:
    ends_at, _, signature = sessions().begin().partition(".")

    assert not sessions().admits(f"{int(ends_at) + 1}.{signature}")


@pytest.mark.parametrize(
    "cookie",
    [None, "", ".", "1", "1.", "-1.00", "9" * 5000 + ".00", "٣.00", "1.é", "1.\udce9", TOKEN],
)
def test_anything_else_is_not_admitted(cookie: str | None) -> None:
    assert not sessions().admits(cookie)


def test_without_a_token_in_the_settings_no_cookie_is_admitted() -> None:
    forged = sessions("").begin()

    assert not sessions(None).admits(forged)
