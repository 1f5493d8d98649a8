"""What is masked, in which spellings, and what stays readable."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from sst.redaction.redact import MASK, mask_credentials, redact, visible
from sst.redaction.urls import mask_url, url_secrets

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


_AWKWARD = "hunt%2é '\"\\@/:&+er2"


@pytest.mark.parametrize(
    "spelling",
    [
        json.dumps(json.dumps(_AWKWARD)),
        json.dumps(_AWKWARD).replace("/", "\\/"),
        repr(repr(_AWKWARD)),
        ascii(_AWKWARD),
        repr(_AWKWARD.encode()),
        quote(quote(_AWKWARD, safe=""), safe=""),
        quote(_AWKWARD, safe="").lower(),
        quote(_AWKWARD, safe="").replace("%", "%%"),
        _AWKWARD.replace("%", "%%"),
        "hunt%252é '\"\\%40/:%26+er2",
        quote(_AWKWARD, safe="", encoding="latin-1"),
        quote(f"https://h/?next={quote(quote(_AWKWARD, safe=''), safe='')}", safe=""),
        _AWKWARD.replace("'", "''"),
        _AWKWARD.replace("\\", "\\\\").replace("'", "\\'"),
        html.escape(_AWKWARD),
        base64.b64encode(f"user:{_AWKWARD}".encode()).decode(),
        base64.urlsafe_b64encode(f"another:{_AWKWARD}".encode()).decode(),
        _AWKWARD.encode().hex(),
    ],
)
def test_spelling_of_an_encoder_is_masked(spelling: str) -> None:
    """Drivers, ConfigParser, SQL and HTTP each write it in their way, one inside the other."""
    text = redact(f"before {spelling} after", [_AWKWARD])

    assert text.startswith("before ")
    assert text.endswith(" after")
    assert MASK in text
    for part in ("hunt", "er2", base64.b64encode(b"hunt")[:5].decode(), b"hunt".hex()):
        assert part not in text


@pytest.mark.parametrize(
    ("secret", "spelling"),
    [
        ("hunter@2024", "hunter%402024"),
        ("hunter@2024", "hunter\\x402024"),
        ("hunter@2024", "hunter\\1002024"),
        ("hunter@2024", "hunter\\u00402024"),
        ("hunter@2024", "hunter\\@2024"),
        ("hunter@2024", "hunter&#64;2024"),
        ("hunter%2024", "hunter%%2024"),
        ("hunter'2024", "hunter''2024"),
        ('hunter"2024', 'hunter""2024'),
    ],
)
def test_escape_that_is_alone_in_its_text_is_undone(secret: str, spelling: str) -> None:
    assert redact(f"before {spelling} after", [secret]) == f"before {MASK} after"


def test_only_what_hides_the_secret_is_masked() -> None:
    """The escapes beside it stay as they are, and JSON stays JSON."""
    told = json.dumps({"é": "100 %", "url": f"postgresql://u:{quote(_AWKWARD, safe='')}@h/d\n"})

    assert json.loads(redact(told, [_AWKWARD])) == {
        "é": "100 %",
        "url": f"postgresql://u:{MASK}@h/d\n",
    }


@pytest.mark.parametrize("filling", ["%", "%25", "\\", "''", "&#x", "://a:", "password='\\'", "a"])
def test_time_grows_with_the_text_and_no_faster(filling: str) -> None:
    """Squared, a megabyte of any of these would take hours."""
    text = filling * (200_000 // len(filling))

    masked = redact(f"{text} a-long-secret", ["%" * 12, "\\" * 20, "x", "a-long-secret"])
    without = mask_credentials(f"{text} postgresql://u:hunter2@h")

    assert masked.endswith(f" {MASK}")
    assert without.endswith(f" postgresql://u:{MASK}@h")


@pytest.mark.parametrize("secret", ["x", "1", "ab1"])
def test_secret_of_a_few_letters_spoils_no_sentence(secret: str) -> None:
    """A mask in a word that anybody can complete says what it hides."""
    text = f"could not execute revision {secret}: column {secret} of ab1x1 does not exist (exit 1)"

    assert redact(text, [secret]) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://app:x@h/x", f"postgresql://app:{MASK}@h/x"),
        ("postgresql%3A%2F%2Fapp%3Ax%40h", f"postgresql%3A%2F%2Fapp%3A{MASK}%40h"),
        ("host=h password=x user=x", f"host=h password={MASK} user=x"),
        ("alter role app password 'x'", f"alter role app password '{MASK}'"),
        ('{"password": "x"}', f'{{"password": "{MASK}"}}'),
        ("the password is x", f"the password is {MASK}"),
        ("the token: x", f"the token: {MASK}"),
        ("x", MASK),
        (" x\n", f" {MASK}\n"),
    ],
)
def test_secret_of_a_few_letters_is_masked_where_it_is_one(text: str, masked: str) -> None:
    assert redact(text, ["x"]) == masked


@pytest.mark.parametrize("secrets", [[], [""], [" "], ["", "\n"]])
def test_empty_secret_hides_nothing(secrets: list[str]) -> None:
    assert redact("an error of app", secrets) == "an error of app"


def test_password_that_is_also_a_name_leaves_the_name_readable() -> None:
    """The names are printed: a mask in place of one of them would tell the password."""
    url = "postgresql://shop:shop@db:5432/shop"

    text = redact(f"{url} password=shop: role shop cannot open shop", url_secrets(url))

    assert text == f"{MASK} password={MASK}: role shop cannot open shop"


def test_common_word_is_masked_as_a_word() -> None:
    """Whoever takes such a password has names masked too; parts of words stay readable."""
    assert redact("error: errors of the role error", ["error"]) == (
        f"{MASK}: errors of the role {MASK}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "host=h password=hunter2 user=u",
        "host=h password='hun ter2' user=u",
        "alter role u password 'hun''ter2'",
        "create role u login password E'hunter2'",
        "Authorization: Basic dTpodW50ZXIy",
        "{'authorization': 'Bearer hunter2'}",
        "?next=postgresql%3A%2F%2Fu%3Ahunter2%40h",
        "postgresql+psycopg2://u:hun%%25ter2@h",
    ],
)
def test_credentials_of_a_stranger_are_masked_in_other_forms(text: str) -> None:
    masked = mask_credentials(text)

    assert MASK in masked
    assert not any(part in masked for part in ("ter2", "dTpodW"))


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


def test_what_steers_a_terminal_is_spelled_out() -> None:
    """The name of a role or of a backup in a shared bucket is a stranger's text."""
    assert visible("a\x1b[2Jb\rc\x9bd\te\nf") == "a\\x1b[2Jb\\x0dc\\x9bd\te\nf"


@pytest.mark.parametrize("before", ["?", "?x=1&", "?x=1;"])
@pytest.mark.parametrize(
    "name",
    [
        *("password", "sslpassword", "SSL-Password", "passwd", "pwd", "token", "secret"),
        *("apikey", "api_key", "API_KEY", "sslkey", "signature", "sig"),
    ],
)
def test_parameter_of_a_url_that_is_a_credential(name: str, before: str) -> None:
    url = f"https://host/path{before}{name}=c4nary&y=2#part"

    assert url_secrets(url) == {"c4nary", url}


def test_every_control_character_is_spelled_out_but_tab_and_newline() -> None:
    steering = [n for n in (*range(0x20), *range(0x7F, 0xA0)) if chr(n) not in "\t\n"]

    assert [visible(chr(n)) for n in steering] == [f"\\x{n:02x}" for n in steering]
    assert visible("\t\n ~\xa0é") == "\t\n ~\xa0é"
