"""The names are those that an operator of Prometheus expects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sst.metrics.known import KNOWN

if TYPE_CHECKING:
    from sst.metrics.exposition import Metric


def named(metric: Metric) -> str:
    return metric.name


def test_each_name_is_there_once() -> None:
    names = [metric.name for metric in KNOWN]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("metric", KNOWN, ids=named)
def test_name_says_its_unit_and_kind(metric: Metric) -> None:
    """https://prometheus.io/docs/practices/naming/."""
    assert re.fullmatch(r"sst_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") is (metric.kind == "counter")
    assert not metric.name.endswith(("_ms", "_milliseconds", "_kb", "_count", "_sum", "_bucket"))
    assert metric.help.endswith(".")


@pytest.mark.parametrize("metric", KNOWN, ids=named)
def test_labels_are_few(metric: Metric) -> None:
    known = {"state", "revision", "head", "check", "outcome", "method", "route", "status"}

    assert set(metric.labels) <= known
    assert len(metric.labels) <= 3
