"""How often a client may be wrong."""

from __future__ import annotations

import pytest
from fastapi import Request

from sst.web.state_page.attempts import (
    MOST_CLIENTS,
    MOST_WRONG,
    WINDOW_SECONDS,
    Attempts,
    client_of,
)


class Clock:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def request_from(host: str | None) -> Request:
    """Return a request of the client at *host*."""
    return Request({"type": "http", "headers": [], "client": host and (host, 1)})


def test_client_that_was_wrong_too_often_waits_until_its_first_try_is_a_minute_old() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(MOST_WRONG):
        before = attempts.wait_seconds("one")
        attempts.note_wrong("one")
        clock.now += 1

    waits = attempts.wait_seconds("one")
    clock.now += waits

    assert before == 0
    assert waits == WINDOW_SECONDS - MOST_WRONG
    assert attempts.wait_seconds("one") == 0


def test_one_client_does_not_make_another_wait() -> None:
    attempts = Attempts(Clock())
    for _ in range(MOST_WRONG):
        attempts.note_wrong("one")

    waits = attempts.wait_seconds("two")

    assert waits == 0


def test_wrong_tries_of_many_clients_take_a_bounded_room() -> None:
    attempts = Attempts(Clock())

    for number in range(MOST_CLIENTS * 3):
        attempts.note_wrong(str(number))

    assert len(attempts._wrong) == MOST_CLIENTS


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_addresses_of_one_network_are_one_client(host: str | None, expected: str) -> None:
    assert client_of(request_from(host)) == expected
