"""The trace that a process is started in, as its environment names it: checked, then believed.

Source: W3C Trace Context and W3C Baggage; OpenTelemetry, "Environment variables as context
propagation carriers".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PARENT, STATE, BAGGAGE = "TRACEPARENT", "TRACESTATE", "BAGGAGE"
NAMES = (PARENT, STATE, BAGGAGE)

# Version ff is none; a trace or a span of zeros is none either. Later versions may say more.
_PARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]{0,256})?"
)
_OF_VERSION_0 = 55
_PRINTABLE = re.compile(r"[ -~]+")
_LONGEST_STATE, _LONGEST_BAGGAGE = 512, 8192


def parent_in(environ: Mapping[str, str]) -> dict[str, str]:
    """Return those of the variables in *environ* that are well formed.

    TRACESTATE counts only beside a TRACEPARENT.
    """
    found = {}
    parent = environ.get(PARENT, "").strip()
    if is_parent(parent):
        found[PARENT] = parent
        if _is_text(environ.get(STATE, ""), _LONGEST_STATE):
            found[STATE] = environ[STATE]
    if _is_text(environ.get(BAGGAGE, ""), _LONGEST_BAGGAGE):
        found[BAGGAGE] = environ[BAGGAGE]
    return found


def is_parent(text: str) -> bool:
    """Say whether *text* is a `traceparent`."""
    if text.startswith("00-") and len(text) != _OF_VERSION_0:
        return False
    return _PARENT.fullmatch(text) is not None


def _is_text(text: str, longest: int) -> bool:
    return len(text) <= longest and _PRINTABLE.fullmatch(text) is not None
