"""Who may see details."""

from __future__ import annotations

import pytest
from fastapi import Request
from pydantic import SecretStr

from sst.web.token import OperationsToken


def request(authorization: bytes | None) -> Request:
    """Return a request with this header, byte for byte."""
    headers = [] if authorization is None else [(b"authorization", authorization)]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize("header", [b"Bearer s3cr\xc3\xa9t", b"bearer  s3cr\xc3\xa9t "])
def test_the_token_is_admitted(header: bytes) -> None:
    admitted = OperationsToken(SecretStr("s3crét")).admits(request(header))

    assert admitted


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer wrong",
        b"Bearer s3cr\xc3\xa9",
        b"Bearer s3cr\xe9t",
        b"Basic s3cr\xc3\xa9t",
        b"s3cr\xc3\xa9t",
    ],
)
def test_anything_else_is_not(header: bytes | None) -> None:
    admitted = OperationsToken(SecretStr("s3crét")).admits(request(header))

    assert not admitted


@pytest.mark.parametrize("secret", [None, SecretStr("")])
@pytest.mark.parametrize("header", [None, b"Bearer", b"Bearer ", b"Bearer None"])
def test_without_a_token_in_the_settings_nobody_is_admitted(
    secret: SecretStr | None, header: bytes | None
) -> None:
    admitted = OperationsToken(secret).admits(request(header))

    assert not admitted
