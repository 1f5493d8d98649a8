"""Servers on this machine that take what the plugin sends, and the kit's project."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from servers import PASSWORD, USER, Mailbox, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["sst.testing"]


class _AnyPort(Controller):
    """A controller that lets the system choose the port: its own proof of life wants to know."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return a mail server that listens until the test is over."""
    box = Mailbox()

    def authenticate(*arguments: Any) -> AuthResult:
        given = arguments[-1]
        is_right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right)

    controller = _AnyPort(
        box,
        hostname="127.0.0.1",
        port=0,
        authenticator=authenticate,
        auth_require_tls=False,
    )
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Return an HTTP server that listens until the test is over."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            hook.posts.append(json.loads(self.rfile.read(length)))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_address[1]
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()
