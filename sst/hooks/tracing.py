"""A plugin's work in the trace of a run: a span of its own, and the variables for a process."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sst.tracing.carrier import parent_in
from sst.tracing.spans import environment, is_on, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def trace_environment() -> dict[str, str]:
    """Return the variables by which a process that is started now joins the trace.

    They are TRACEPARENT, and TRACESTATE and BAGGAGE where there are; where no trace is made, what
    this process itself was given of them, as far as it is well formed. Often that is nothing.
    A process that inherits `os.environ` as it is joins as well, below the whole command; with
    these it joins below the call that is at work.
    """
    found = environment()
    return parent_in(os.environ) if found is None else found


@contextmanager
def trace_span(
    name: str, attributes: Mapping[str, str | int | float | bool] | None = None
) -> Iterator[None]:
    """Let the body be a span *name* of the trace, with *attributes*; what it raises is its error.

    Secrets are masked in all of them. Where no trace is made this does nothing.
    """
    if not is_on():
        yield
        return
    with span(name, attributes or {}):
        yield
