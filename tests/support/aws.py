"""A server that speaks AWS on loopback: moto's, with a record of what it was asked for."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REGION = "eu-west-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "test-secret-access-key",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class _Quiet(WSGIRequestHandler):
    """Answers without a line for each request."""

    def log(self, *_args: Any, **_named: Any) -> None:
        """Say nothing."""


@dataclass
class AwsServer:
    """Where it is, and the operations that it was asked for: `GetSecretValue`."""

    url: str
    asked: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return a client of the test's own."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )


@contextmanager
def aws_server() -> Iterator[AwsServer]:
    """Run a server on a free port; it forgets everything at the end."""
    application = DomainDispatcherApplication(create_backend_app)
    found = AwsServer("")

    def recorded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        found.asked.append(environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2])
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    server = make_server("127.0.0.1", 0, recorded, threaded=True, request_handler=_Quiet)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
