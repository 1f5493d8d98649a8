"""The types of bodies and parameters: what fits them fits PostgreSQL, and what does not is a 422.

`/docs` shows each of these bounds, so that a client can keep to them.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

LARGEST_ID = 2**53 - 1
"""Far below bigint's end, and what every JSON parser can hold exactly (RFC 8259, section 6)."""

_DATE = r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MOMENT = _DATE + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
# Spaces of every script, control and format characters.
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})

LEFT_OUT: Any = Field(default_factory=lambda: None)
"""The default of a field that may be left out but not be null; none is in the description."""


class Body(BaseModel):
    """What a client sends; a field that is not known is an error, not a typo that goes unseen."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return the fields that the client has sent."""
        return self.model_dump(exclude_unset=True)


class Answer(BaseModel):
    """A row as it is answered: read from the columns of the same names."""

    model_config = ConfigDict(from_attributes=True)

    id: int


def _matching(pattern: str) -> BeforeValidator:
    """Refuse what is not a text of *pattern*: pydantic would also take a number of seconds."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError("write it as in RFC 3339, between the years 1900 and 2199")
        return value

    return BeforeValidator(check)


def _shown(name: str, pattern: str, example: str) -> WithJsonSchema:
    shown = {"type": "string", "format": name, "pattern": f"^{pattern}$", "examples": [example]}
    return WithJsonSchema(shown, mode="validation")


def _true_or_false(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("write true or false")
    return value == "true"


def _no_text(value: object) -> object:
    if isinstance(value, (str, bool)):
        raise ValueError("write a number")  # noqa: TRY004 - pydantic passes a TypeError on
    return value


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _within_years(moment: datetime) -> datetime:
    # After the shift to UTC: what is answered can be sent back.
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError("write a time that is between the years 1900 and 2199 in UTC")
    return moment


def _seen(text: str) -> str:
    # Not in the pattern: with one that says it Schemathesis finds no examples.
    if all(unicodedata.category(each) in _UNSEEN for each in text):
        raise ValueError("write something that can be seen")
    return text


Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
"""The primary key of a row, in a path or a query."""

Reference = Annotated[Id, BeforeValidator(_no_text), Field(examples=[1])]
"""The same in a body, where 5.0 is a number and "5" and true are none."""

Code = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=40, examples=["BOG-01"])
]
"""A short name that people type; unique."""

Line = Annotated[
    str,
    Field(
        pattern=r"^[^\x00-\x20\x7f-\xa0]([^\x00-\x1f]*[^\x00-\x20\x7f-\xa0])?$",
        max_length=200,
        description="More than spaces and characters that cannot be seen.",
        examples=["A line"],
    ),
    AfterValidator(_seen),
]
"""One line without spaces around it and control characters in it, of which something is seen."""

Text = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=10_000, examples=["Some text."])]
"""Any text, except for the one character that PostgreSQL's text cannot hold."""

Severity = Annotated[
    int,
    Field(ge=1, le=5, description="From 1, a near miss, to 5, a death."),
    BeforeValidator(_no_text),
]

Status = Literal["open", "investigating", "closed"]

Flag = Annotated[bool, Field(strict=True)]
"""true or false in a body."""

Truth = Annotated[bool, BeforeValidator(_true_or_false)]
"""The same in a query."""

Day = Annotated[date, _matching(_DATE), _shown("date", _DATE, "2024-02-01")]
"""A date, 1900 to 2199."""

Moment = Annotated[
    AwareDatetime,
    _matching(_MOMENT),
    AfterValidator(_in_utc),
    AfterValidator(_within_years),
    _shown("date-time", _MOMENT, "2026-11-20T14:30:00-05:00"),
]
"""A time with its zone; in UTC, 1900 to 2199, from here on: PostgreSQL knows fewer offsets."""

UtcMoment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time as it is answered, whatever zone the session has."""
