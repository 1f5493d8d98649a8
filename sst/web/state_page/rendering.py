"""Values as HTML: every text on a page is escaped, and secrets in it are masked.

Whatever a template prints passes `clean`; there is no text of the database, of a plugin or of a
setting that does not.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache, partial
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sst.command_line import as_typed, on_target
from sst.migrator.lint.reasons import rows_in_the_way
from sst.migrator.rehearsal.summary import rehearsal_note, summary_of
from sst.migrator.rehearsal.words import effect, strongest_lock, time_of
from sst.migrator.standing.headline import failed_at
from sst.redaction.redact import mask_credentials, visible
from sst.text import counted, duration_text, proven_text, size_text, span_text
from sst.web.state_page.page import level_of

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOM = "sst.web.state_page"

STYLE = (resources.files("sst.web.state_page") / "templates" / "style.css").read_bytes()
_STYLE_VERSION = hashlib.sha256(STYLE).hexdigest()[:12]


def render(template: str, redact: Callable[[str], str], **values: object) -> str:
    """Return the page that *template* makes of *values*, with what *redact* knows masked."""
    return _environment(redact).get_template(template).render(**values)


@lru_cache(maxsize=4)
def _environment(redact: Callable[[str], str]) -> Environment:
    """Return the templates; a value that is missing in one is an error, not a blank."""
    cleaned = partial(clean, redact=redact)
    environment = Environment(
        loader=PackageLoader(_ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=cleaned,
    )
    environment.filters |= {
        "begun": lambda text: text[:1].upper() + text[1:],
        "clock": clock,
        "counted": counted,
        "duration": duration_text,
        "effect": effect,
        "failed_at": failed_at,
        "level_of": level_of,
        "moment": moment,
        "on_target": on_target,
        "plain_value": plain_value,
        "prose": lambda text: prose(cleaned(text)),
        "proven": proven_text,
        "rehearsal_note": rehearsal_note,
        "rows_in_the_way": rows_in_the_way,
        "size": size_text,
        "span": span_text,
        "strongest_lock": strongest_lock,
        "summary": summary_of,
        "time_of": time_of,
    }
    environment.globals["style_version"] = _STYLE_VERSION
    return environment


def clean(value: object, redact: Callable[[str], str]) -> object:
    """Return *value* as it may be printed: a text without secrets and steering characters."""
    if value is None:
        return ""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(as_typed(mask_credentials(redact(value))))


def prose(text: object) -> Markup:
    """Return *text* as HTML, with what stands between backticks as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    pieces = [
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    ]
    return Markup("").join(pieces)


def moment(value: datetime | str) -> str:
    """Return *value* for a machine: RFC 3339 in UTC, to the second."""
    return _in_utc(value).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(value: datetime | str) -> str:
    """Return *value* for a person: day and time in UTC, to the second."""
    return _in_utc(value).strftime("%Y-%m-%d %H:%M:%S UTC")


def plain_value(value: object) -> str:
    """Return the JSON-ready *value* of a setting as a person reads it."""
    if value is None:
        return "unset"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _in_utc(value: datetime | str) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(UTC)
