"""What Slack gets is within its documented limits, and nothing in it is a link or a mention.

The limits: https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from plugins.notify.message.forms import body_of
from sst.hooks import EventKind
from sst.testing import an_event

PAGE = "https://app.example.org/a&b/state"
HOSTILE = "<!channel> <@U1> <https://evil|here> & @here @EVERYONE `x` *y* :smile: "


def slack(
    page: str | None = PAGE, kind: EventKind = EventKind.RUN_FAILED, **over: Any
) -> dict[str, Any]:
    """Return the body of an event, which keeps Slack's rules."""
    body: dict[str, Any] = json.loads(body_of(an_event(kind, **over), "slack", page))
    check(body)
    return body


def check(body: dict[str, Any]) -> None:
    """Assert what Slack documents, and refuses with `invalid_blocks`."""
    assert set(body) == {"text", "unfurl_links", "unfurl_media", "blocks"}
    assert 0 < units(body["text"]) <= 4000
    assert 1 <= len(body["blocks"]) <= 50
    for block in body["blocks"]:
        BLOCKS[block["type"]](block)


def check_header(block: dict[str, Any]) -> None:
    assert set(block) == {"type", "text"}
    check_text(block["text"], 150, "plain_text")


def check_section(block: dict[str, Any]) -> None:
    assert set(block) in ({"type", "text"}, {"type", "fields"})
    if "text" in block:
        check_text(block["text"], 3000, "mrkdwn")
    assert len(block.get("fields", "-")) in range(1, 11)
    for field in block.get("fields", ()):
        check_text(field, 2000, "mrkdwn")


def check_context(block: dict[str, Any]) -> None:
    assert set(block) == {"type", "elements"}
    assert 1 <= len(block["elements"]) <= 10
    for element in block["elements"]:
        check_text(element, 3000, "mrkdwn")


def check_text(text: dict[str, Any], most: int, kind: str) -> None:
    assert set(text) == {"type", "text", "emoji" if kind == "plain_text" else "verbatim"}
    assert text["type"] == kind
    assert 0 < units(text["text"]) <= most
    # Every ampersand is the escape of a sign.
    assert not re.search(r"&(?!(?:amp|lt|gt);)", text["text"])


BLOCKS = {"header": check_header, "section": check_section, "context": check_context}


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def texts_of(value: object) -> list[str]:
    """Return every text of *value*, at whatever depth."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_of(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_keeps_the_rules_of_slack(kind: EventKind) -> None:
    slack(kind=kind, why="because", next_step="do", revision="a1", duration_ms=1, actor="a@b")


@pytest.mark.parametrize("sign", ["x", "&", "😀", "\x00", "\u202e", "\ud800", "@here "])
def test_endless_texts_are_cut_to_the_limits(sign: str) -> None:
    endless = sign * 20_000

    body = slack(
        message=endless,
        why=endless,
        next_step=endless,
        statement=endless,
        environment=endless,
        run_id=endless,
        before=(endless,),
    )

    assert "more characters)" in body["blocks"][0]["text"]["text"]


def test_nothing_of_others_is_a_link_or_a_mention() -> None:
    body = slack(
        message=HOSTILE,
        why=HOSTILE,
        next_step=HOSTILE,
        statement=HOSTILE,
        environment=HOSTILE,
        actor=HOSTILE,
    )

    ours = f"<{PAGE.replace('&', '&amp;')}|State page>"
    for text in texts_of(body):
        assert "<" not in text.replace(ours, "")
        assert not re.search("@(?:here|channel|all|everyone)", text, re.IGNORECASE)


def test_state_page_is_a_link() -> None:
    body = slack()

    [context] = [block for block in body["blocks"] if block["type"] == "context"]
    assert context["elements"][0]["text"] == "<https://app.example.org/a&amp;b/state|State page>"
    assert body["text"].endswith("|State page>")


def test_without_a_state_page_there_is_no_link() -> None:
    assert "State page" not in str(slack(None))


def test_text_alone_says_what_happened_why_and_what_to_do() -> None:
    """Notifications, and services that read Slack's bodies without blocks, show nothing else."""
    body = slack(None, message="It failed.", why="no table nope", next_step="make it")

    assert body["text"] == (
        "❌ testing: upgrade failed (app at db.example)\n"
        "It failed.\nWhy: no table nope\nNext: make it"
    )


@pytest.mark.parametrize("message", ["", "\n \n", "\x00"])
def test_event_without_words_keeps_the_rules_of_slack(message: str) -> None:
    """Slack refuses an empty text."""
    slack(message=message, run_id=None, environment="")
