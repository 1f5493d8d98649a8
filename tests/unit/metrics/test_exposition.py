"""The text is one that Prometheus reads, whatever is in it."""

from __future__ import annotations

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sst.metrics.exposition import Family, Metric, Sample, exposition, one, one_hot

PLAIN = Metric("plain", "gauge", "A figure.")
NAMED = Metric("named", "gauge", "Says \\ and\nmore.", ("name",))


def read(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return what Prometheus's own parser makes of *text*: labels and value by name."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.mark.parametrize(
    "value",
    ['say "hi"', "back\\slash", "two\nlines", "\\n", "é …", "", 'a="b"} 1\nforged 2'],
)
def test_value_of_a_label_is_read_as_it_was(value: str) -> None:
    text = exposition([one(NAMED, 1, value)])

    assert read(text) == {"named": [({"name": value}, 1.0)]}


@pytest.mark.parametrize(
    "value", ["\x1b[31mred", "nul\0", "re\rturn", "half \ud800", "\u202eback"]
)
def test_value_that_cannot_be_shown_is_replaced(value: str) -> None:
    """A terminal would obey it, and half a character has no bytes."""
    text = exposition([one(NAMED, 1, value)])

    assert text.encode().isascii() is False
    assert "\N{REPLACEMENT CHARACTER}" in text
    assert len(read(text)["named"]) == 1


def test_value_of_any_length_is_cut() -> None:
    ((labels, _),) = read(exposition([one(NAMED, 1, "x" * 10_000)]))["named"]

    assert len(labels["name"]) == 200


@pytest.mark.parametrize(
    "value", [0, 1, -1, 0.5, 1764219087.123456, 1e300, 1e-300, math.inf, -math.inf]
)
def test_number_is_read_as_it_was(value: float) -> None:
    assert read(exposition([one(PLAIN, value)])) == {"plain": [({}, value)]}


def test_no_number_is_read_as_none() -> None:
    ((_, value),) = read(exposition([one(PLAIN, math.nan)]))["plain"]

    assert math.isnan(value)


def test_help_and_kind_are_told_once_and_first() -> None:
    text = exposition([Family(NAMED, (Sample(1, ("a",)), Sample(2, ("b",))))])

    assert text == (
        "# HELP named Says \\\\ and\\nmore.\n"
        "# TYPE named gauge\n"
        'named{name="a"} 1\n'
        'named{name="b"} 2\n'
    )


def test_family_without_a_sample_is_not_shown() -> None:
    assert exposition([Family(PLAIN, ())]) == ""


def test_one_word_of_all_is_hot() -> None:
    found = read(exposition([one_hot(NAMED, ("a", "b"), "b")]))

    assert found["named"] == [({"name": "a"}, 0.0), ({"name": "b"}, 1.0)]


def test_sample_with_other_labels_than_its_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        exposition([one(NAMED, 1)])
