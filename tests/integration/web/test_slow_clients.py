"""Clients that send a part of a request and wait, against the options of the image."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.dockerfile import texts
from tests.support.served import serve_project

if TYPE_CHECKING:
    from tests.support.project import Project

_HALF = b"GET /sites HTTP/1.1\r\nHost: test\r\nX-Half: "
_CLIENTS = 300


def test_three_hundred_half_open_requests_hold_no_endpoint(migrated: Project) -> None:
    """A limit of connections would count them, and refuse the probe instead of them."""
    (command,) = texts("CMD", "image")
    options = json.loads(command)[json.loads(command).index("--no-server-header") :]

    with serve_project(migrated, *options) as served, ExitStack() as clients:
        address = urlsplit(served.url)
        for _ in range(_CLIENTS):
            client = socket.create_connection((address.hostname or "", address.port or 0), 60)
            clients.enter_context(client).sendall(_HALF)
        codes = [served.get(path).status_code for path in ("/livez", "/readyz", "/version")]

    assert codes == [200, 200, 200]
