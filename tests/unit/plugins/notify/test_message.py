"""A message says what happened, why, and what to do next, whatever the event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.notify.message.forms import body_of
from plugins.notify.message.message import message_of
from plugins.notify.message.texts import cut, units
from sst.hooks import EventKind
from sst.testing import a_backup, an_event

PLACE = "(shop at db.internal)"
PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "database": "postgresql://app@db.internal:5432/shop",
}


@pytest.mark.parametrize(
    ("kind", "words", "title"),
    [
        (EventKind.RUN_STARTED, {}, "upgrade started"),
        (EventKind.NOTHING_TO_DO, {}, "upgrade had nothing to do"),
        (EventKind.REVISION_APPLIED, {"revision": "3f2a"}, "revision 3f2a applied"),
        (
            EventKind.REVISION_APPLIED,
            {"revision": "3f2a", "command": "downgrade"},
            "revision 3f2a reverted",
        ),
        (EventKind.RUN_SUCCEEDED, {}, "upgrade succeeded"),
        (EventKind.RUN_FAILED, {"revision": "3f2a"}, "upgrade failed in revision 3f2a"),
        (EventKind.RUN_FAILED, {}, "upgrade failed"),
        (
            EventKind.RUN_FAILED,
            {"error_code": "interrupted", "revision": "3f2a"},
            "upgrade was interrupted in revision 3f2a",
        ),
        (EventKind.RUN_REFUSED, {"revision": None}, "upgrade was refused"),
        (EventKind.RUN_UNHEALTHY, {}, "upgrade is done, but a check failed afterwards"),
        (EventKind.RUN_RESTORED, {}, "the database was restored from a backup"),
        (EventKind.STAMPED, {}, "the database was stamped, no revision was run"),
    ],
)
def test_title_says_where_and_what(kind: EventKind, words: dict[str, Any], title: str) -> None:
    message = message_of(an_event(kind, **PRODUCTION, **words))

    assert message.title == f"production: {title} {PLACE}"


def test_title_of_one_of_many_names_the_target() -> None:
    """The database alone would not say which of its tenants it is."""
    event = an_event(EventKind.RUN_FAILED, **PRODUCTION, target="acme")

    message = message_of(event)

    assert message.title == "production: upgrade failed (acme: shop at db.internal)"
    assert ("Target", "acme") in [(fact.name, fact.text) for fact in message.facts]


@pytest.mark.parametrize(
    ("kind", "code", "happened"),
    [
        (EventKind.ROLLOUT_SUCCEEDED, None, "succeeded"),
        (EventKind.ROLLOUT_FAILED, "rollout_stopped", "failed"),
        (EventKind.ROLLOUT_FAILED, "interrupted", "was interrupted"),
        (EventKind.NOTHING_TO_DO, None, "had nothing to do"),
    ],
)
def test_title_of_a_rollout_says_that_it_is_of_many(
    kind: EventKind, code: str | None, happened: str
) -> None:
    event = an_event(kind, environment="production", database="", after=(), error_code=code)

    message = message_of(event)

    assert message.title == f"production: upgrade of many databases {happened}"
    assert {fact.name for fact in message.facts} & {"Database", "Revision", "Target"} == set()


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_has_a_message(kind: EventKind) -> None:
    message = message_of(an_event(kind))

    assert message.title.startswith("testing: ")
    assert message.text == "the database is at a1"


def test_database_on_this_machine_is_named_without_a_host() -> None:
    event = an_event(database="postgresql://app@/shop?host=/run/postgresql")

    assert message_of(event).title == "testing: upgrade succeeded (shop)"


def test_facts_say_who_moved_what_from_where_to_where() -> None:
    event = an_event(
        before=("a1",),
        after=("b2", "c3"),
        duration_ms=125_000,
        backup=a_backup(proven="restored"),
        actor="deploy@runner-7",
    )

    facts = {fact.name: fact.text for fact in message_of(event).facts}

    assert facts == {
        "Environment": "testing",
        "Database": "postgresql://app@db.example:5432/app",
        "Revision": "a1 → b2, c3",
        "Took": "2 min 5 s",
        "Backup": "20261120T120000Z-app-7e01e1, restored and compared",
        "Run": "run-1",
        "By": "deploy@runner-7",
        "Time": "2026-11-20 12:00:00 UTC",
    }


@pytest.mark.parametrize(
    ("kind", "before", "after", "text"),
    [
        (EventKind.RUN_STARTED, ("a1",), (), "a1"),
        (EventKind.RUN_SUCCEEDED, (), ("a1",), "empty → a1"),
        (EventKind.RUN_FAILED, ("a1",), ("a1",), "a1"),
        (EventKind.RUN_REFUSED, ("a1",), (), "a1"),
        (EventKind.RUN_RESTORED, ("b2",), (), "b2 → empty"),
    ],
)
def test_revision_has_two_sides_only_where_the_database_moved(
    kind: EventKind, before: tuple[str, ...], after: tuple[str, ...], text: str
) -> None:
    event = an_event(kind, before=before, after=after)

    [fact] = [fact for fact in message_of(event).facts if fact.name == "Revision"]

    assert fact.text == text


def test_revision_of_a_database_that_was_not_reached_is_not_made_up() -> None:
    message = message_of(an_event(EventKind.RUN_REFUSED, before=(), after=()))

    assert "Revision" not in {fact.name for fact in message.facts}


def test_bad_news_has_reason_next_step_and_statement() -> None:
    event = an_event(
        EventKind.RUN_FAILED,
        why="UndefinedTable: relation nope",
        next_step="correct it\nthen run the command again",
        statement="SELECT ? FROM nope",
        file="alembic/versions/one.py",
        line=12,
    )

    message = message_of(event)

    assert [(fact.name, fact.text) for fact in message.more] == [
        ("Why", "UndefinedTable: relation nope"),
        ("Next", "correct it\nthen run the command again"),
        ("Statement", "SELECT ? FROM nope"),
    ]
    assert "alembic/versions/one.py:12" in {fact.text for fact in message.facts}


def test_signs_that_act_on_a_reader_are_spelled_out() -> None:
    """Terminal sequences, the reversal of a line, and whatever is no text at all."""
    event = an_event(
        message="a\x1b[31mred\u202egnp\x00\ud800\n\n b\xa0c",
        environment="pro\r\nBcc: x@y",
    )

    message = message_of(event)

    assert message.text == "a\\x1b[31mred\\u202egnp\\x00\\ud800\nb c"
    assert message.title.startswith("pro Bcc: x@y: ")


def test_text_that_is_cut_says_how_much_is_left_out() -> None:
    text = cut("x" * 500, 100)

    kept = text.index("…")
    assert text == f"{'x' * kept}… ({500 - kept} more characters)"
    assert len(text) <= 100


def test_text_that_fits_is_whole() -> None:
    assert cut("x" * 100, 100) == "x" * 100


def test_cut_goes_through_no_sign_and_no_escape() -> None:
    text = cut("😀<" * 100, 100, lambda sign: "&lt;" if sign == "<" else sign)

    assert units(text) <= 100
    assert set(text.split("…")[0].replace("&lt;", "")) == {"😀"}


def test_json_is_the_event_and_nothing_else() -> None:
    event = an_event(why="because", actor="a@b")

    assert json.loads(body_of(event, "json")) == event.to_dict()


def test_json_has_the_state_page_where_there_is_one() -> None:
    event = an_event()

    body = json.loads(body_of(event, "json", "https://app.example.org/state"))

    assert body == {**event.to_dict(), "state_page": "https://app.example.org/state"}
