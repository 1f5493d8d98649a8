"""A message as an Adaptive Card, as the webhook of a workflow of Microsoft Teams takes it.

All texts are text runs, in which Adaptive Cards know no Markdown: what others wrote stays text.
https://learn.microsoft.com/connectors/teams, https://adaptivecards.io/explorer/TextRun.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .texts import cut
from .titles import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .message import Message

MOST_BYTES = 28_000
"""Teams refuses a message of more than 28 KB."""
_MOST_SIGNS = (4000, 2000, 1000, 500, 250)
"""Of one text; fewer where the whole is too large."""
_COLOURS = {
    Level.NEWS: "Default",
    Level.GOOD: "Good",
    Level.WARNING: "Warning",
    Level.BAD: "Attention",
}


def teams_body(message: Message) -> bytes:
    """Return *message* as JSON with one card, small enough for Teams."""
    for most in _MOST_SIGNS:
        body = json.dumps(_body(message, most), ensure_ascii=False).encode()
        if len(body) <= MOST_BYTES:
            break
    return body


def _body(message: Message, most: int) -> dict[str, Any]:
    card = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": _card(message, most),
    }
    return {"type": "message", "attachments": [card]}


def _card(message: Message, most: int) -> dict[str, Any]:
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": cut(message.title, most),
        "body": list(_blocks(message, most)),
    }
    if message.state_page:
        page = {"type": "Action.OpenUrl", "title": "State page", "url": message.state_page}
        card["actions"] = [page]
    return card


def _blocks(message: Message, most: int) -> Iterator[dict[str, Any]]:
    colour = _COLOURS[message.level]
    title = cut(message.title, most)
    yield _block([_run(title, weight="Bolder", size="Large", color=colour)], "None")
    if message.text:
        yield _block([_run(cut(message.text, most))], "Medium")
    for fact in (*message.more, *message.facts):
        spacing = "Medium" if fact in message.more or fact is message.facts[0] else "None"
        name = _run(f"{fact.name}: ", weight="Bolder")
        yield _block([name, _run(cut(fact.text, most))], spacing)


def _block(inlines: list[dict[str, Any]], spacing: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": inlines}


def _run(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **style}
