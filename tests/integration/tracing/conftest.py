"""A receiver of traces, and a parent that a pipeline names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.otlp_receiver import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver of traces on loopback."""
    with receiving() as found:
        yield found
