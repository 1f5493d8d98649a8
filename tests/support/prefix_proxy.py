"""A proxy that serves an application below a prefix, as one in front of several does."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "/shop/admin"
_HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@contextmanager
def prefix_proxy(url: str) -> Iterator[str]:
    """Yield the address under which the application at *url* is reached, `PREFIX` at its end."""
    with httpx.Client(base_url=url, timeout=60) as client:
        handler = type("Handler", (_Handler,), {"client": client})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}{PREFIX}"
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Passes a request below the prefix on without it; knows nothing else."""

    client: httpx.Client

    def do_GET(self) -> None:
        """Pass it on."""
        if not self.path.startswith(f"{PREFIX}/"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = [
            (name, value) for name, value in self.headers.items() if name.lower() not in _HOP
        ]
        path = self.path.removeprefix(PREFIX)
        answer = self.client.request(self.command, path, headers=headers, content=body)
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name.lower() not in _HOP | {"content-encoding"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_POST = do_GET  # noqa: N815 - the name that the server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""
