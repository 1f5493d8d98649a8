"""Metrics as Prometheus's own parser reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.served import Served


@dataclass(frozen=True)
class Figures:
    """The samples of one answer."""

    text: str
    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    @property
    def names(self) -> set[str]:
        """The names of all samples."""
        return {name for name, _ in self.samples}

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of `sst_NAME` with exactly *labels*; None where it is absent."""
        return self.samples.get((f"sst_{name}", frozenset(labels.items())))

    def hot(self, name: str, label: str) -> list[str]:
        """Return the values of *label* whose samples of `sst_NAME` are not 0."""
        return [
            dict(labels)[label]
            for (found, labels), value in self.samples.items()
            if found == f"sst_{name}" and value
        ]


def read_figures(text: str) -> Figures:
    """Return what *text* says; no sample may be there twice."""
    samples = [
        ((sample.name, frozenset(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    assert len(samples) == len(dict(samples))
    return Figures(text, dict(samples))


def scraped(served: Served, *, token: str | None = None) -> Figures:
    """Return what `/metrics` of *served* says."""
    response = served.get("/metrics", token=token)
    assert response.status_code == 200, response.text
    return read_figures(response.text)
