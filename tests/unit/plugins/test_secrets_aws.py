"""What AWS answers, in our words: refusals, silence, bytes; and never what it said."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
import traceback
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from plugins.secrets_aws import Config, Plugin
from sst.errors import ConfigError
from tests.support.aws import CREDENTIALS, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "kanari3n-secret"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@contextmanager
def answering(*answers: tuple[int, dict[str, Any]]) -> Iterator[str]:
    """Serve *answers*, status and body, in turn and the last for ever; yield the address."""
    left = [*answers]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, content = left.pop(0) if len(left) > 1 else left[0]
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def refusal(code: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    """Return AWS's answer with the error *code*; its text holds the canary."""
    return status, {"__type": f"com.amazonaws#{code}", "message": f"no: {CANARY}"}


def problems(address: str, *wanted: str, **settings: Any) -> list[str]:
    """Return the problems that the plugin reports, a line each."""
    config = Config(region=REGION, endpoint_url=address, **settings)
    with pytest.raises(ConfigError) as raised:
        Plugin(config).config_values(wanted)
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("AccessDeniedException", "is refused: access denied"),
        ("DecryptionFailure", "cannot be decrypted"),
        ("InvalidRequestException", "cannot be read in its state"),
        ("ResourceNotFoundException", "does not exist"),
        ("SomethingNewException", "was not read: AWS answered SomethingNewException"),
    ],
)
def test_refused_secret_is_named_and_the_others_are_asked_for(code: str, what: str) -> None:
    answers = refusal(code), (200, {"SecretBinary": "AAEC"})
    with answering(*answers) as address:
        found = problems(address, "A", "B", secrets={"A": "prod/a", "B": "prod/b"})

    assert found[0].startswith(f"A: the secret 'prod/a' {what}")
    assert found[1:] == ["B: the secret 'prod/b' holds bytes, not text"]


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "ExpiredTokenException"])
def test_refused_credentials_are_one_line_for_all(code: str) -> None:
    with answering(refusal(code)) as address:
        found = problems(address, "A", "B", secrets={"A": "prod/a"}, parameters={"B": "/prod/b"})

    [line] = found
    assert f"A: the secret 'prod/a' was not read: AWS refuses the credentials ({code})" in line
    assert "(and 1 more)" in line


def test_parameter_that_is_refused_alone_is_named_alone() -> None:
    """GetParameters refuses all ten for the sake of one."""
    granted = 200, {"Parameters": [{"Name": "/a", "Value": "x"}], "InvalidParameters": []}
    denied = refusal("AccessDeniedException")
    with answering(denied, granted, denied) as address:
        found = problems(address, "A", "B", parameters={"A": "/a", "B": "/b"})

    [line] = found
    assert line.startswith("B: the parameter '/b' is refused: access denied")
    assert "ssm:GetParameters" in line


def test_parameter_is_found_under_every_name_that_it_can_be_asked_by() -> None:
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/a"
    stored = {"Name": "/a", "ARN": arn, "Value": "x"}
    answer = {"Parameters": [stored, {**stored, "Selector": ":3", "Value": "y"}]}
    table = {"A": "/a", "B": arn, "C": "/a:3", "D": f"{arn}:3"}
    with answering((200, answer)) as address:
        config = Config(region=REGION, endpoint_url=address, parameters=table)
        values = Plugin(config).config_values(["A", "B", "C", "D"])

    assert values == {"A": "x", "B": "x", "C": "y", "D": "y"}


def test_silent_endpoint_ends_within_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        found = problems(address, "A", secrets={"A": "prod/a"}, timeout_seconds=0.3)

    [line] = found
    assert line.startswith("A: the secret 'prod/a' was not read: ")
    assert "answer" in line


def test_loggers_of_boto3_say_nothing_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    with answering((200, {"SecretString": CANARY})) as address:
        config = Config(region=REGION, endpoint_url=address, secrets={"A": "prod/a"})
        values = Plugin(config).config_values(["A"])

    assert values == {"A": CANARY}
    assert CANARY not in caplog.text


def test_missing_package_is_one_line_and_only_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    nothing_wanted = Plugin(Config(secrets={"A": "prod/a"})).config_values(["B"])

    found = problems("http://127.0.0.1:1", "A", secrets={"A": "prod/a"})

    assert nothing_wanted == {}
    [line] = found
    assert "needs the package boto3" in line
    assert "pip install 'boto3>=1.35'" in line


def test_setting_may_be_written_with_dots_and_is_given_by_its_name() -> None:
    with answering((200, {"SecretString": "x\n"})) as address:
        table = {"plugins.notify.url": "prod/a"}
        config = Config(region=REGION, endpoint_url=address, secrets=table)
        values = Plugin(config).config_values(["PLUGINS__NOTIFY__URL"])

    assert values == {"PLUGINS__NOTIFY__URL": "x"}


def test_name_that_is_almost_a_setting_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """It would be left out silently, and the value would come from somewhere else."""
    config = Config(secrets={"DATABSE_URL": "prod/a", "REDIS_URL": "prod/b"})

    values = Plugin(config).config_values(["DATABASE_URL", "LOG_LEVEL"])

    assert values == {}
    assert [record.message for record in caplog.records] == [
        "secrets_aws: DATABSE_URL is not asked for; did you mean DATABASE_URL?"
    ]


def test_setting_with_two_sources_is_refused() -> None:
    with pytest.raises(ValidationError, match="A is named twice"):
        Config(secrets={"A": "prod/a"}, parameters={"a": "/prod/a"})
