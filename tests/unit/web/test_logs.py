"""The access log keeps what somebody may want to read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from sst.web.logs import QuietProbes, adopt_server_loggers, quiet_probes

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


@pytest.fixture
def server_loggers() -> Iterator[list[logging.Logger]]:
    """Return uvicorn's loggers with handlers as uvicorn sets them; put back afterwards."""
    loggers = [logging.getLogger(name) for name in SERVER_LOGGERS]
    before = [(each.handlers[:], each.propagate, each.filters[:]) for each in loggers]
    for each in loggers:
        each.addHandler(logging.NullHandler())
        each.propagate = False
    yield loggers
    for each, (handlers, propagate, filters) in zip(loggers, before, strict=True):
        each.handlers, each.propagate, each.filters = handlers, propagate, filters


def access(path: str, status: int) -> logging.LogRecord:
    """Return a line as uvicorn writes it."""
    arguments = ("127.0.0.1:5", "GET", path, "1.1", status)
    message = '%s - "%s %s HTTP/%s" %d'
    return logging.LogRecord("uvicorn.access", logging.INFO, "", 0, message, arguments, None)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/metrics", "/health?verbose"])
def test_healthy_probe_leaves_no_line(path: str) -> None:
    kept = QuietProbes().filter(access(path, 200))

    assert not kept


@pytest.mark.parametrize(
    ("path", "status"), [("/readyz", 503), ("/health", 503), ("/version", 200), ("/livez/x", 200)]
)
def test_every_other_line_stays(path: str, status: int) -> None:
    kept = QuietProbes().filter(access(path, status))

    assert kept


def test_line_of_another_shape_stays() -> None:
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "hello %s", ("you",), None)

    assert QuietProbes().filter(record)


def test_filter_is_added_once(server_loggers: list[logging.Logger]) -> None:
    quiet_probes()
    quiet_probes()

    filters = server_loggers[2].filters
    assert [type(each) for each in filters].count(QuietProbes) == 1


def test_server_lines_go_to_the_root_handler(server_loggers: list[logging.Logger]) -> None:
    """Uvicorn's own handler would print a traceback that no filter of ours has seen."""
    adopt_server_loggers()

    assert [(each.handlers, each.propagate) for each in server_loggers] == [([], True)] * 3
