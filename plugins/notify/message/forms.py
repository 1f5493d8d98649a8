"""The body of a webhook, by the name of its form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .message import message_of
from .slack import slack_body
from .teams import teams_body

if TYPE_CHECKING:
    from sst.hooks import Event


def body_of(event: Event, form: str, state_page: str | None = None) -> bytes:
    """Return the JSON that a webhook of *form* takes: `json`, `slack` or `teams`."""
    if form == "slack":
        return slack_body(message_of(event, state_page))
    if form == "teams":
        return teams_body(message_of(event, state_page))
    page = {"state_page": state_page} if state_page else {}
    return json.dumps({**event.to_dict(), **page}).encode()
