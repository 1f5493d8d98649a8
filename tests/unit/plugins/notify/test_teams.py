"""What Teams gets is a card by the schema of Adaptive Cards, small enough, without Markdown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft6Validator  # type: ignore[import-untyped]

from plugins.notify.message.forms import body_of
from sst.hooks import EventKind
from sst.testing import an_event
from tests.support.project import REPOSITORY

PAGE = "https://app.example.org/state"
SCHEMA = json.loads(
    (REPOSITORY / "tests/support/adaptive_card_schema.json").read_text(encoding="utf-8")
)
HOSTILE = "[click](https://evil) **bold** <at>everyone</at> # head"


def card(
    page: str | None = PAGE, kind: EventKind = EventKind.RUN_FAILED, **over: Any
) -> dict[str, Any]:
    """Return the card of an event; the message around it is as the workflow documents it."""
    posted = body_of(an_event(kind, **over), "teams", page)
    assert len(posted) <= 28_000
    body = json.loads(posted)
    assert set(body) == {"type", "attachments"}
    assert body["type"] == "message"
    [attachment] = body["attachments"]
    assert set(attachment) == {"contentType", "contentUrl", "content"}
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    content: dict[str, Any] = attachment["content"]
    Draft6Validator(SCHEMA).validate(content)
    return content


def runs_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [run for block in content["body"] for run in block["inlines"]]


def test_schema_refuses_what_is_no_card() -> None:
    """Else the other tests would say nothing."""
    content = card()
    content["body"][0]["inlines"][0]["colour"] = "red"

    assert not Draft6Validator(SCHEMA).is_valid(content)


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_is_a_card(kind: EventKind) -> None:
    content = card(kind=kind, why="because", next_step="do", revision="a1", actor="a@b")

    assert runs_of(content)[0]["text"].startswith("testing: ")


def test_texts_of_others_are_runs_in_which_no_markdown_is() -> None:
    content = card(message=HOSTILE, why=HOSTILE, statement=HOSTILE, environment=HOSTILE)

    assert {block["type"] for block in content["body"]} == {"RichTextBlock"}
    assert [run["text"] for run in runs_of(content)].count(HOSTILE) == 4
    # A mention needs an entity, and there is none.
    assert "msteams" not in content


def test_bad_news_is_coloured() -> None:
    assert runs_of(card())[0]["color"] == "Attention"
    assert runs_of(card(kind=EventKind.RUN_SUCCEEDED))[0]["color"] == "Good"


def test_state_page_is_a_button() -> None:
    assert card()["actions"] == [
        {"type": "Action.OpenUrl", "title": "State page", "url": "https://app.example.org/state"}
    ]


def test_without_a_state_page_there_is_no_button() -> None:
    assert "actions" not in card(None)


@pytest.mark.parametrize("sign", ["x", "ß", "😀", "\x00", '"'])
def test_endless_texts_make_no_card_that_teams_refuses(sign: str) -> None:
    endless = sign * 20_000

    content = card(
        message=endless,
        why=endless,
        next_step=endless,
        statement=endless,
        environment=endless,
        run_id=endless,
        before=(endless,),
        after=(endless,),
        actor=endless,
    )

    assert any("more characters)" in run["text"] for run in runs_of(content))
