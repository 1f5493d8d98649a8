"""A real HTTP server that receives what a plugin posts."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "s3cret-canary"


@dataclass
class Webhook:
    """A real HTTP server that answers with *statuses* in turn, the last one for ever.

    The status 0 hangs until the test ends.
    """

    statuses: list[int]
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, body: bytes) -> int:
        """Write *body* down and return the status to answer with."""
        self.bodies.append(body)
        status = self.statuses[min(len(self.bodies), len(self.statuses)) - 1]
        if status == 0:
            self.over.wait(60)
        return status or 500


@contextmanager
def webhook(*statuses: int) -> Iterator[Webhook]:
    """Serve a webhook on a free port; its path is a token."""
    hook = Webhook(list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.answer(body)
            if hook.over.is_set():
                return
            self.send_response(status)
            self.send_header("Location", f"{hook.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/hook/{CANARY}"
    try:
        yield hook
    finally:
        hook.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
