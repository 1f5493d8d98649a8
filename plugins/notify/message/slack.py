"""A message in Slack's Block Kit, for an incoming webhook.

The limits are those of https://docs.slack.dev/reference/block-kit. Texts of others are escaped as
https://docs.slack.dev/messaging/formatting-message-text says, so none of them is a link or a
mention; `verbatim` keeps Slack from making some of what looks like one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .texts import cut
from .titles import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .message import Fact, Message

_MOST_IN_HEADER = 150
_MOST_IN_SECTION = 3000
_MOST_IN_FIELD = 2000
_MOST_FIELDS = 10
_MOST_IN_FALLBACK = 1500
"""Other services take a message of 2,000 characters; the link comes on top."""
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SIGNS = {Level.NEWS: "", Level.GOOD: "✅ ", Level.WARNING: "⚠️ ", Level.BAD: "❌ "}
# Services that read Slack's bodies mention everyone by these; a space of no width parts them.
_MENTION = re.compile(r"@(?=(?:all|channel|everyone|here)\b)", re.IGNORECASE)


def slack_body(message: Message) -> bytes:
    """Return *message* as JSON: blocks, and a text for notifications and for other services."""
    body = {
        "text": _fallback(message),
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": list(_blocks(message)),
    }
    return json.dumps(body).encode()


def _blocks(message: Message) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": _plain(_SIGNS[message.level] + message.title)}
    if message.text:
        yield _section(_text(message.text, _MOST_IN_SECTION))
    for fact in message.more:
        yield _section(_named(fact, _MOST_IN_SECTION))
    for start in range(0, len(message.facts), _MOST_FIELDS):
        some = message.facts[start : start + _MOST_FIELDS]
        fields = [_mrkdwn(_named(fact, _MOST_IN_FIELD)) for fact in some]
        yield {"type": "section", "fields": fields}
    if message.state_page:
        yield {"type": "context", "elements": [_mrkdwn(_link(message.state_page))]}


def _fallback(message: Message) -> str:
    """Return all that matters in one text: who shows no blocks shows this."""
    more = (f"{fact.name}: {fact.text}" for fact in message.more)
    title = _SIGNS[message.level] + message.title
    text = _text("\n".join([title, message.text, *more]), _MOST_IN_FALLBACK)
    return f"{text}\n{_link(message.state_page)}" if message.state_page else text


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _named(fact: Fact, most: int) -> str:
    name = f"*{fact.name}*\n"
    return name + _text(fact.text, most - len(name))


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": _text(text, _MOST_IN_HEADER), "emoji": False}


def _text(text: str, most: int) -> str:
    """Return a *text* of others, without a meaning for Slack."""
    return cut(_MENTION.sub("@\u200b", text), most, lambda sign: _ESCAPED.get(sign, sign))


def _link(url: str) -> str:
    """Return a link to *url*, in which the settings allow no sign of a link's own but `&`."""
    return f"<{url.replace('&', '&amp;')}|State page>"
