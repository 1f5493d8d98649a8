"""Mask the secrets that are known, in every spelling, and what is plainly somebody's credential.

How much is masked depends on what the secret is, for a mask in a sentence that anybody can
complete tells the secret that it hides (`could not e***ecute`):

- ten characters and more: wherever they stand, inside a word too;
- four to nine: as a whole word, so that `postgres` leaves `postgresql` readable;
- fewer, and a password that is also the user, the host or the database of its URL, which are
  printed: where the text says that it is a credential (`:x@` in a URL, `password=x`), or is
  nothing else; an `x` in a sentence says nothing of it.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from sst.redaction.spelling import readings, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sst.redaction.spelling import Span

MASK = "********"
"""Of one width, so that it says nothing about the length of what it hides."""

# C0 and C1 but for tab and newline: a role, a table or a file may be called so.
_STEERING = {
    number: f"\\x{number:02x}"
    for number in (*range(32), *range(127, 160))
    if number not in (9, 10)
}

# Characters of a secret.
_ANYWHERE = 10
_AS_A_WORD = 4
_SHORTEST_CODED = 6
_BEFORE_A_SHORT_ONE = (
    r"(?:://[^\s/@:]{0,64}:"
    r"|(?i:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api_?key)"
    r"""["'\])]{0,2}\s{0,3}(?:=>|[=:]|is\b|to\b)?\s{0,3}["'(\[]{0,2})"""
)
_CODED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_CREDENTIALS = (
    re.compile(
        r"(?i)[?&;](?:[\w-]*password|passwd|pwd|token|secret|api_?key|sslkey|signature|sig)="
        r"(?P<secret>[^&\s#]*)"
    ),
    # libpq's connection string, and SQL's ALTER ROLE.
    re.compile(
        r"(?i)(?<![\w?&;])(?:pg)?passw(?:or)?d\s{0,3}=\s{0,3}"
        r"(?P<secret>'(?:[^'\\]|\\.){0,512}'|[^\s'\"&;,()]+)"
    ),
    re.compile(r"(?i)\bpassword\s{1,9}(?P<secret>[eE]?'(?:[^']|''){0,512}')"),
    re.compile(
        r"(?i)\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:(?:basic|bearer)\s{1,3})?"
        r"(?P<secret>[^\s\"',}]+)"
    ),
)
_URL_USER = re.compile(r"://[^:/@\s]*:")
_URL_NAMES = re.compile(r"://(?:([^:/@\s]*)(?::\S*)?@)?([^\s/?:@]*)(?::\d+)?(?:/([^?\s]*))?")
_WORD = re.compile(r"\S+")


def redact(text: str, secrets: Iterable[str], mask: str = MASK) -> str:
    """Return *text* with *mask* for each of the *secrets*, in every spelling that encoders make.

    That is percent-encoding in part or twice, doubled percent signs and quotes, the escapes of
    JSON, `repr`, SQL, libpq and HTML, hexadecimal digits, Base64, and all of these of each other.
    The time that it takes grows with the text, and no faster.
    """
    wanted = frozenset(secret for secret in secrets if secret.strip())
    if not wanted or not text:
        return text
    whole = text.strip()
    if whole in wanted:
        return text.replace(whole, mask)
    patterns = _patterns(wanted)
    return replaced(text, lambda read: _secrets_in(read, patterns), mask)


def mask_credentials(text: str) -> str:
    """Return *text* without the passwords of URLs and connection strings, whosesoever they are."""
    return replaced(text, _credentials_in, MASK)


def _secrets_in(text: str, patterns: tuple[re.Pattern[str] | None, ...]) -> Iterator[Span]:
    plain, coded = patterns
    for match in plain.finditer(text) if plain else ():
        yield match.span(match.lastgroup or 0)
    at = 0
    for match in coded.finditer(text) if coded else ():
        if match.start() >= at:
            start, at = _widened(text, match, at)
            yield start, at


def _widened(text: str, match: re.Match[str], first: int) -> Span:
    """Return the whole run of digits that *match* is in: its neighbours hold bits of it."""
    start, end = match.span()
    while start > first and text[start - 1] in _CODED:
        start -= 1
    while end < len(text) and text[end] in _CODED:
        end += 1
    return start, end


def _credentials_in(text: str) -> Iterator[Span]:
    for pattern in _CREDENTIALS:
        for match in pattern.finditer(text):
            yield match.span("secret")
    if "://" not in text:
        return
    for word in _WORD.finditer(text):
        # To the last @, as people write it.
        end = text.rfind("@", *word.span())
        user = _URL_USER.search(text, word.start(), max(end, word.start()))
        if user:
            yield user.end(), end


@lru_cache(maxsize=8)
def _patterns(secrets: frozenset[str]) -> tuple[re.Pattern[str] | None, ...]:
    """Return what finds *secrets* as they are, and what finds them in hexadecimal or Base64."""
    forms = {form for secret in secrets for form in _forms(secret)}
    names = {name for secret in secrets for name in _names_in(secret)}
    told = {form for form in forms if len(form) < _AS_A_WORD or form in names}
    plain = [_longest_first(forms - told, _bounded)] if forms - told else []
    if told:
        found = _longest_first(told, re.escape).replace("(?:", "(?P<told>", 1)
        plain.append(rf"{_BEFORE_A_SHORT_ONE}{found}(?![A-Za-z0-9_])")
    coded = {form for secret in secrets for form in _coded(secret)}
    return (
        re.compile("|".join(plain)),
        re.compile(_longest_first(coded, re.escape)) if coded else None,
    )


def _names_in(url: str) -> Iterator[str]:
    """Yield user, host and database of *url*; nothing when it is none."""
    match = _URL_NAMES.search(url)
    yield from filter(None, match.groups()) if match else ()


def _longest_first(forms: Iterable[str], pattern_of: Callable[[str], str]) -> str:
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return f"(?:{'|'.join(map(pattern_of, ordered))})"


def _bounded(form: str) -> str:
    escaped = re.escape(form)
    if len(form) >= _ANYWHERE:
        return escaped
    return rf"(?<![A-Za-z0-9_]){escaped}(?![A-Za-z0-9_])"


def _forms(secret: str) -> set[str]:
    """Return *secret* as it can stand in a text whose escapes are undone."""
    forms = {each.text for text in (secret, secret.strip()) for each in readings(text)}
    forms |= {form.replace(" ", "+") for form in forms}
    return {unicodedata.normalize(kind, form) for form in forms for kind in ("NFC", "NFD")} - {""}


def _coded(secret: str) -> set[str]:
    """Return the digits that stand for *secret* in hexadecimal and in Base64, wherever it is."""
    if len(secret) < _SHORTEST_CODED:
        return set()
    raw = secret.encode()
    found = {raw.hex(), raw.hex().upper()}
    for before in range(3):
        digits = base64.b64encode(bytes(before) + raw).decode()
        # The first and the last digit may hold bits of a neighbour.
        whole = digits[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return found


def visible(text: str) -> str:
    """Return *text* with what would steer a terminal spelled out; lines and tabs stay."""
    return text.translate(_STEERING)
