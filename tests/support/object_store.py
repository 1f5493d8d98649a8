"""An S3 server on loopback, and a wire to it that can be cut or stalled."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "AKIA-c4n4ry-key"
SECRET = "c4n4ry/secret+of=the:store"

# In a process of its own: what its libraries warn of is no error of ours.
_SERVER = """
import logging, signal
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
signal.pause()
"""


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Start the server for the body."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield ObjectStore(int(process.stdout.readline()))
        finally:
            process.kill()


class ObjectStore:
    """The server at *port* of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.s3: Any = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )

    def bucket(self) -> str:
        """Create an empty bucket and return its name."""
        name = f"b{uuid4().hex}"
        self.s3.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        """Return what is in *bucket*."""
        found = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return [item["Key"] for item in found]

    def parts(self, bucket: str) -> list[str]:
        """Return the uploads to *bucket* that have begun and not ended."""
        found = self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [item["Key"] for item in found]


def options(port: int, **more: Any) -> dict[str, Any]:
    """Return what `upload_options` says to reach the store at *port*."""
    return {
        "key": KEY,
        "secret": SECRET,
        "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"},
        "config_kwargs": {"retries": {"total_max_attempts": 1}, "read_timeout": 30},
        **more,
    }


class Wire:
    """A port that leads to *target*; whatever is sent there goes through `allow` bytes."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._left: int | None = None
        self._cuts = False
        self._lock = threading.Lock()
        self.broke = threading.Event()
        self._server = threading.Thread(target=self._serve, daemon=True)
        self._server.start()

    def break_after(self, count: int, *, cut: bool) -> None:
        """Let *count* more bytes go to the store; then close every connection, or be silent."""
        with self._lock:
            self._left, self._cuts = count, cut

    def repair(self) -> None:
        """Let everything through again, on new connections."""
        with self._lock:
            self._left = None
        self._close_all()

    def __enter__(self) -> Self:
        """Return the wire itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        # Closing alone does not wake the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._server.join()
        self._listener.close()
        self._close_all()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._open += [here, there]
                threading.Thread(target=self._up, args=(here, there), daemon=True).start()
                threading.Thread(target=self._down, args=(there, here), daemon=True).start()

    def _up(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not self._may_pass(len(data)):
                    self.broke.set()
                    if self._cuts:
                        self._close_all()
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _down(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _may_pass(self, count: int) -> bool:
        with self._lock:
            if self._left is None:
                return True
            self._left -= count
            return self._left >= 0

    def _close_all(self) -> None:
        with self._lock:
            closing, self._open = self._open, []
        for one in closing:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
