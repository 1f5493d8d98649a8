"""The report of many databases as JUnit's XML: each database is a test case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.result.junit.document import (
    ERROR,
    FAILED,
    SKIPPED,
    case_of,
    document,
    end,
)
from sst.fleet.outcome import ENDED_BADLY, SETTLED, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from xml.etree import ElementTree as ET

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report

_CORE = "core"


def junit(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return *report* as the lines of an XML document: a failure for each that ended badly."""
    results: Mapping[str, Mapping[str, Any]] = report.extras.get("targets", {})
    seconds = sum(result["seconds"] for result in results.values())
    properties = {"environment": invocation.opened.environment if invocation.opened else ""}
    return document(properties, _cases(report, results, invocation), seconds, invocation)


def _cases(
    report: Report, results: Mapping[str, Mapping[str, Any]], invocation: Invocation
) -> Iterator[ET.Element]:
    for name, result in results.items():
        yield _case(name, result, invocation)
    if report.error and not results:
        case = case_of(_CORE, "targets", 0.0, invocation)
        words = (report.error.code, report.error.what, str(report.error))
        end(case, ERROR, words, invocation)
        yield case


def _case(name: str, result: Mapping[str, Any], invocation: Invocation) -> ET.Element:
    case = case_of(invocation.command, name, result["seconds"], invocation)
    state = State(result["state"])
    error = result.get("error") or {"code": state.value, "message": state.value}
    if state in ENDED_BADLY:
        text = "\n  next: ".join(filter(None, (error["message"], error.get("hint"))))
        end(case, FAILED, (error["code"], error["message"], text), invocation)
    elif state not in SETTLED:
        end(case, SKIPPED, (state.value, "not begun", ""), invocation)
    return case
