"""One database as a JUnit report: where it stands, and each check as a test case of its plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sst.cli.result.junit.document import (
    ERROR,
    FAILED,
    SKIPPED,
    case_of,
    document,
    end,
    text_of,
)
from sst.cli.result.pipelines.said_once import names_checks, other_warnings
from sst.cli.result.revisions import where
from sst.hooks.contract.checks import CheckStatus
from sst.kept.doubts import doubt
from sst.migrator.values.report import CORE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.errors import SstError
    from sst.health.report import NamedResult
    from sst.migrator.values.report import Report


def junit(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return *report*, of one database, as the lines of an XML document.

    A call that has nothing but an error is one test case with that error.
    """
    doubt("its times are those of this call")
    seconds = sum(each.duration_ms for each in report.checks) / 1000
    properties = _properties(report, invocation)
    return document(properties, _cases(report, invocation), seconds, invocation)


def _properties(report: Report, invocation: Invocation) -> Mapping[str, str]:
    runtime = invocation.opened
    found = {"state": report.state or ""}
    if report.state:
        found["revision"] = where(report)
    if runtime:
        found["environment"] = runtime.environment
        found["database"] = runtime.resolved_url.safe if runtime.resolved_url else ""
    return found


def _cases(report: Report, invocation: Invocation) -> Iterator[ET.Element]:
    yield _state(report, invocation)
    for veto in report.vetoes:
        case = case_of(veto.plugin, "review_plan", 0.0, invocation)
        text = f"{veto.why}\n  next: {veto.hint}" if veto.hint else veto.why
        end(case, FAILED, (veto.code, veto.why, text), invocation)
        yield case
    for check in report.checks:
        yield _check(check, report.error, invocation)


def _state(report: Report, invocation: Invocation) -> ET.Element:
    """Return the case of the database as a whole: where it stands, and what else is wrong."""
    case, error = case_of(CORE, "state", 0.0, invocation), report.error
    if error and not names_checks(error):
        # What nobody could look at is an error of the test, not a failure of what is tested.
        tag = ERROR if report.state is None else FAILED
        end(case, tag, (error.code, error.what, str(error)), invocation)
    if report.state:
        lines = [f"{report.state}: the database is at {where(report)}"]
        lines += [f"pending: {each.revision} {each.description}" for each in report.pending]
        lines += [f"warning: {text}" for text in other_warnings(report)]
        ET.SubElement(case, "system-out").text = text_of("\n".join(lines), invocation)
    return case


def _check(check: NamedResult, error: SstError | None, invocation: Invocation) -> ET.Element:
    case = case_of(check.plugin, check.name, check.duration_ms / 1000, invocation)
    words = (check.code or check.status.value, check.detail)
    if check.status is CheckStatus.FAIL:
        lines = [check.detail, *check.items]
        lines += [f"  next: {error.next_step}"] if error and names_checks(error) else []
        end(case, FAILED, (*words, "\n".join(lines)), invocation)
    elif check.status is CheckStatus.SKIP:
        end(case, SKIPPED, (*words, ""), invocation)
    elif check.detail:
        # There is no warning in JUnit: the case passes, and its output says it.
        text = f"{check.status.value}: {check.detail}"
        ET.SubElement(case, "system-out").text = text_of(text, invocation)
    return case
