"""The plugins that would refuse a run, in what `plan` and `check` print."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.migrator.values.report import Report


def veto_rows(report: Report) -> list[tuple[str, ...]]:
    """Return a row for each plugin that would refuse what is pending."""
    return [("refused by", each.plugin, _words(each.why, each.hint)) for each in report.vetoes]


def vetoes_key(report: Report) -> Mapping[str, Any]:
    """Return the key `vetoes`."""
    return {"vetoes": [asdict(each) for each in report.vetoes]}


def _words(why: str, hint: str) -> str:
    """Return reason and advice in one line, as one record has it."""
    return " ".join(f"{why} -> {hint}".split()) if hint else " ".join(why.split())
