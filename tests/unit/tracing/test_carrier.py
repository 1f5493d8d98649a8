"""The trace that the environment names is believed only where it is well formed."""

from __future__ import annotations

import pytest

from sst.tracing.carrier import parent_in

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def test_well_formed_variables_are_taken() -> None:
    environ = {"TRACEPARENT": PARENT, "TRACESTATE": "vendor=1", "BAGGAGE": "tenant=a", "HOME": "/"}

    assert parent_in(environ) == {key: environ[key] for key in environ if key != "HOME"}


def test_later_version_may_say_more() -> None:
    parent = f"cc-{TRACE}-{SPAN}-01-what.comes"

    assert parent_in({"TRACEPARENT": parent}) == {"TRACEPARENT": parent}


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "nonsense",
        PARENT.upper(),
        PARENT[:-1],
        f"{PARENT}-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{PARENT}\nTRACEPARENT",
        f"01-{TRACE}-{SPAN}-01-{'x' * 300}",
    ],
)
def test_malformed_parent_is_left_out_with_its_state(parent: str) -> None:
    assert parent_in({"TRACEPARENT": parent, "TRACESTATE": "vendor=1"}) == {}


@pytest.mark.parametrize("text", ["", "a\nb", "ñ=1", "x" * 9000])
def test_malformed_state_and_baggage_are_left_out(text: str) -> None:
    environ = {"TRACEPARENT": PARENT, "TRACESTATE": text, "BAGGAGE": text}

    assert parent_in(environ) == {"TRACEPARENT": PARENT}
