"""A way to a server that goes silent: what is sent is taken, and nothing comes back."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Iterator


class SilentProxy:
    """Forwards connections to the server at *url*; `url` is the way through it."""

    def __init__(self, url: str) -> None:
        self._server = make_url(url)
        self._listening = socket.create_server(("127.0.0.1", 0))
        place = {"host": "127.0.0.1", "port": self._listening.getsockname()[1]}
        through = self._server.set(**place, query={})
        self.url = through.render_as_string(hide_password=False)
        self._speaks = threading.Event()
        self._speaks.set()
        self._start(self._accept)

    def be_silent(self) -> None:
        """Forward nothing more; the kernel acknowledges all the same."""
        self._speaks.clear()

    def speak(self) -> None:
        """Forward again, also what has been kept back."""
        self._speaks.set()

    def close(self) -> None:
        """Accept no more connections."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        self._speaks.wait()
        server = self._connected()
        self._start(self._forward, client, server)
        self._forward(server, client)

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with closing(source), closing(target), suppress(OSError):
            while data := source.recv(65536):
                self._speaks.wait()
                target.sendall(data)
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> socket.socket:
        host = str(self._server.query.get("host") or self._server.host)
        port = int(str(self._server.query.get("port") or self._server.port or 5432))
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        found = socket.socket(socket.AF_UNIX)
        found.connect(f"{host}/.s.PGSQL.{port}")
        return found

    @staticmethod
    def _start(work: object, *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()  # type: ignore[arg-type]


@contextmanager
def silent_proxy(url: str) -> Iterator[SilentProxy]:
    """Run a proxy to the server at *url*; at the end it speaks, so that nobody hangs there."""
    with closing(SilentProxy(url)) as proxy:
        try:
            yield proxy
        finally:
            proxy.speak()
