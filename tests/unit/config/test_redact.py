"""What is masked, in which spellings, and what stays readable."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

import app.config
from app.config.redact import MASK, mask_credentials, mask_url, redact, url_secrets, visible

_SECRET = 'hunter2 "ü\\@/:&\n'


@pytest.mark.parametrize(
    "spelling",
    [
        _SECRET,
        _SECRET.strip(),
        json.dumps(_SECRET),
        json.dumps(_SECRET, ensure_ascii=False),
        repr(_SECRET),
        quote(_SECRET, safe=""),
        quote(_SECRET),
        quote_plus(_SECRET),
    ],
)
def test_secret_is_masked_in_every_spelling(spelling: str) -> None:
    text = redact(f"before {spelling} after", [_SECRET])

    assert "hunter2" not in text
    assert text.startswith("before ")
    assert text.endswith(" after")


def test_encoded_secret_is_masked_decoded() -> None:
    assert redact("p@ss/word", ["p%40ss%2Fword"]) == MASK


def test_longest_secret_is_masked_first() -> None:
    assert redact("secret-secret-more", ["secret-secret", "secret-secret-more"]) == MASK


def test_short_secret_is_masked_as_a_word_only() -> None:
    """A password `postgres` must not turn every `postgresql` into noise."""
    text = redact("postgresql://x:postgres@h/my_postgres postgres", ["postgres"])

    assert text == f"postgresql://x:{MASK}@h/my_postgres {MASK}"


def test_long_secret_is_masked_inside_a_word() -> None:
    assert redact("xxlong-enough-secretxx", ["long-enough-secret"]) == f"xx{MASK}xx"


def test_nothing_to_hide_changes_nothing() -> None:
    assert redact("text", []) == redact("text", [""]) == "text"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h:5432/db", "postgresql://u@h:5432/db"),
        ("postgresql+psycopg2://u:p@h/db", "postgresql+psycopg2://u@h/db"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("postgresql://h/db?password=p&sslmode=require", "postgresql://h/db"),
        ("postgresql://u:p@[::1]:5432/db", "postgresql://u@[::1]:5432/db"),
        ("postgresql://u:p@/db?host=/var/run", "postgresql://u@/db"),
        ("redis://:p@h:6379/0", "redis://h:6379/0"),
        ("postgresql://u:p%40%2F@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p@ss@h/db", MASK),
        ("postgresql://u:p/ss@h/db", MASK),
        ("postgresql://u:p?s@h/db", MASK),
        ("postgresql://u:p#s@h/db", MASK),
        ("postgresql://u:p s@h/db", MASK),
        ("postgresql://h/db#p", MASK),
        ("hunter2", MASK),
        ("u:p@h", MASK),
        ("", MASK),
    ],
)
def test_url_is_shown_without_its_password_or_not_at_all(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@pytest.mark.parametrize(
    "text",
    [
        "could not connect to postgresql://u:hunter2@h/db",
        "postgresql://u:hun@ter2@h/db",
        "see https://x/y?token=hunter2&z=1",
        "postgresql://h/db?user=u&password=hunter2",
        "a=https://u:hunter2@h;b=1",
    ],
)
def test_credentials_of_a_stranger_are_masked(text: str) -> None:
    masked = mask_credentials(text)

    assert MASK in masked
    assert "ter2" not in masked


def test_url_without_credentials_is_no_secret() -> None:
    assert url_secrets("postgresql://u@h/db") == frozenset()


def test_secrets_of_a_url_are_its_passwords_and_itself() -> None:
    url = "postgresql://u:p@ss@h/db?sslpassword=other"

    assert {"p", "p@ss", "other", url} <= url_secrets(url)


def test_function_is_not_hidden_by_its_module() -> None:
    """Both are called `redact`; importing the module must not take the function's place."""
    assert callable(app.config.redact)


def test_what_steers_a_terminal_is_spelled_out() -> None:
    """The name of a role or of a backup in a shared bucket is a stranger's text."""
    assert visible("a\x1b[2Jb\rc\x9bd\te\nf") == "a\\x1b[2Jb\\x0dc\\x9bd\te\nf"
