"""Servers on this machine that take what the plugin sends, and the kit's project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

pytest_plugins = ["app.testing"]

USER, PASSWORD = "robot", "canary-password"


@dataclass
class Mailbox:
    """A mail server that wants a password, and what it was given."""

    port: int = 0
    mails: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The server as Apprise spells it."""
        return (
            f"mailto://{USER}:{PASSWORD}@127.0.0.1:{self.port}"
            "?from=migrate@example.com&to=ops@example.com&mode=insecure"
        )

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        content = envelope.content
        self.mails.append(message_from_bytes(content if isinstance(content, bytes) else b""))
        return "250 kept"


@dataclass
class Webhook:
    """An HTTP server, what it was posted, and what it answers."""

    port: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    @property
    def url(self) -> str:
        """The server as Apprise spells it."""
        return f"json://{USER}:{PASSWORD}@127.0.0.1:{self.port}/canary-path"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return a mail server that listens until the test is over."""
    box = Mailbox()

    def authenticate(*arguments: Any) -> AuthResult:
        given = arguments[-1]
        is_right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right)

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=0,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    try:
        box.port = controller.server.sockets[0].getsockname()[1]
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
