"""The container's health check tells the truth."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from deploy.probe import is_alive
from tests.support.compose import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def web_server(status: int) -> Iterator[int]:
    """Answer every request with *status*; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        """Say *status* and nothing else."""

        def do_GET(self) -> None:
            """Answer."""
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "alive"), [(200, True), (503, False), (404, False)])
def test_probe_repeats_what_livez_says(status: int, *, alive: bool) -> None:
    """Only 200 is alive."""
    with web_server(status) as port:
        answer = is_alive(port)

    assert answer is alive


def test_probe_ignores_a_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's HTTP_PROXY would answer for the container, or not at all."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    with web_server(200) as port:
        answer = is_alive(port)

    assert answer


def test_probe_gives_up_on_a_server_that_hangs() -> None:
    """Accepted and never answered is not alive."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = is_alive(silent.getsockname()[1], timeout_seconds=0.2)

    assert not answer


def test_probe_exits_with_one_when_nothing_listens() -> None:
    """Docker knows 0 and 1; a traceback would fill the health log."""
    command = [sys.executable, "deploy/probe.py", "1"]

    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (1, "")
