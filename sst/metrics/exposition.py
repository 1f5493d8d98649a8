"""The text format of Prometheus, version 0.0.4: families of samples in, one text out.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of the text."""

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_NOT_SHOWN = "\N{REPLACEMENT CHARACTER}"
_MOST_CHARACTERS = 200
"""Of a label's value: what a database says of itself can be of any length."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A name, what it counts, and the names of its labels."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric; *labels* are the values of its labels, in their order."""

    value: float
    labels: tuple[str, ...] = ()
    suffix: str = ""
    """Behind the name, for a part of a histogram: `_bucket`, `_sum`, `_count`."""
    up_to: float | None = None
    """The upper bound of a bucket, its label `le`."""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its samples; one without a sample is not shown at all."""

    metric: Metric
    samples: tuple[Sample, ...]


def one(metric: Metric, value: float, *labels: str) -> Family:
    """Return the family of *metric* with one sample."""
    return Family(metric, (Sample(value, labels),))


def one_hot(metric: Metric, words: Iterable[str], chosen: str) -> Family:
    """Return the family of *metric*: 1 for the word that is *chosen*, 0 for all the others."""
    return Family(metric, tuple(Sample(int(word == chosen), (word,)) for word in words))


def exposition(families: Iterable[Family]) -> str:
    """Return *families* as the text that Prometheus reads; every line ends with a line feed."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    metric = family.metric
    if not family.samples:
        return
    yield f"# HELP {metric.name} {_escaped_help(metric.help)}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for sample in family.samples:
        yield f"{metric.name}{sample.suffix}{_labels(metric, sample)} {_number(sample.value)}"


def _labels(metric: Metric, sample: Sample) -> str:
    pairs = [
        f'{name}="{_escaped(value)}"'
        for name, value in zip(metric.labels, sample.labels, strict=True)
    ]
    if sample.up_to is not None:
        pairs.append(f'le="{_number(sample.up_to)}"')
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    """Return *value* as it stands between quotes, in printable characters and not too long."""
    cut = value if len(value) <= _MOST_CHARACTERS else f"{value[: _MOST_CHARACTERS - 1]}…"
    shown = "".join(each if each.isprintable() or each == "\n" else _NOT_SHOWN for each in cut)
    return shown.translate(_ESCAPES)


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) else repr(float(value))
