"""An event as one line of the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sst.hooks import EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = (
    *("message", "run_id", "command", "environment", "revision"),
    *("before", "after", "error_code", "duration_ms", "backup"),
)
_SHOWN_PER_REVISION = ("message", "run_id")


def as_log_line(values: Mapping[str, Any]) -> str:
    """Return the event's name and what a reader needs as `key=value`; the webhook gets it all."""
    backup = values.get("backup") or {}
    found = {**values, "backup": backup.get("id")}
    # The lines of the run's start and end have the rest.
    is_step = values["event"] == EventKind.REVISION_APPLIED
    keys = _SHOWN_PER_REVISION if is_step else _SHOWN
    shown = {key: found[key] for key in keys if found.get(key) not in (None, "", [])}
    pairs = (f"{key}={_quoted(value)}" for key, value in shown.items())
    return " ".join([str(values["event"]), *pairs])


def _quoted(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    is_plain = text.isprintable() and not set(text) & {" ", "=", '"'}
    return text if is_plain else json.dumps(text, ensure_ascii=False)
