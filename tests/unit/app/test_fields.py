"""What fits a field fits the database, and what does not is refused before it gets there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from app.api import fields
from app.api.fields import LEFT_OUT, Body, Day, Line

FITS: list[tuple[str, object, object]] = [
    ("Id", "7", 7),
    ("Id", fields.LARGEST_ID, fields.LARGEST_ID),
    ("Reference", 5.0, 5),
    ("Code", "BOG-01", "BOG-01"),
    ("Line", "Planta Bogotá", "Planta Bogotá"),
    ("Line", "\u200bPlanta\u200b", "\u200bPlanta\u200b"),
    ("Text", "", ""),
    ("Text", "two\nlines", "two\nlines"),
    ("Truth", "false", False),
    ("Day", "2024-02-29", date(2024, 2, 29)),
    ("Moment", "2026-11-20T14:30:00-05:00", datetime(2026, 11, 20, 19, 30, tzinfo=UTC)),
    ("Moment", "1913-11-19T05:05:33-21:54", datetime(1913, 11, 20, 2, 59, 33, tzinfo=UTC)),
    ("Moment", "2199-12-31T18:59:59-05:00", datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)),
]
REFUSED: list[tuple[str, object]] = [
    ("Id", 0),
    ("Id", 2**63),
    ("Reference", "5"),
    ("Reference", True),
    ("Reference", 5.5),
    ("Severity", 6),
    ("Code", "with space"),
    ("Code", "x" * 41),
    ("Line", ""),
    ("Line", " "),
    ("Line", "\u00a0"),
    ("Line", "\u2028\u2029\u3000"),
    ("Line", "\u200b\ufeff\u2060"),
    ("Line", "\U000e0041"),
    ("Line", "nul\x00"),
    ("Line", "two\nlines"),
    ("Text", "nul\x00"),
    ("Truth", "1"),
    ("Flag", 1),
    ("Day", 0),
    ("Day", "2023-02-29"),
    ("Day", "9999-12-31"),
    ("Moment", 0),
    ("Moment", "1700000000"),
    ("Moment", "2026-11-20T14:30:00"),
    ("Moment", "0001-01-01T00:00:00Z"),
    ("Moment", "2026-11-20"),
    ("Moment", "2199-12-31T23:59:59-05:00"),
    ("Moment", "1900-01-01T00:00:00+05:00"),
]


class Change(Body):
    """A body in which both may be left out, and only one may be null."""

    name: Line = LEFT_OUT
    hired_on: Day | None = None


@pytest.mark.parametrize(("kind", "given", "read"), FITS)
def test_value_that_fits_is_read(kind: str, given: object, read: object) -> None:
    assert TypeAdapter(getattr(fields, kind)).validate_python(given) == read


@pytest.mark.parametrize(("kind", "given"), REFUSED)
def test_value_that_the_database_would_refuse_or_bend_is_refused(kind: str, given: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(getattr(fields, kind)).validate_python(given)


def test_half_a_character_is_refused() -> None:
    """JSON can spell it, and UTF-8 cannot."""
    with pytest.raises(ValidationError):
        TypeAdapter(fields.Text).validate_json(r'"\ud800"')
    with pytest.raises(ValidationError):
        TypeAdapter(fields.Text).validate_python("\ud800")


def test_change_without_a_field_leaves_it() -> None:
    assert Change.model_validate({}).given() == {}


def test_null_is_a_value_only_where_the_column_has_it() -> None:
    assert Change.model_validate({"hired_on": None}).given() == {"hired_on": None}
    with pytest.raises(ValidationError):
        Change.model_validate({"name": None})


def test_field_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValidationError):
        Change.model_validate({"nmae": "a typo"})
