"""`check` as a JUnit report: one suite, in which each check is a test case of its plugin.

The elements and attributes are those of the schema `junit-10.xsd` of Jenkins' xUnit plugin, which
GitLab, Azure, CircleCI and Buildkite read, too. All of it is ASCII, whatever stdout is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sst import __version__
from sst.cli.result.pipelines.said_once import names_checks, other_warnings
from sst.cli.result.revisions import where
from sst.hooks.contract.checks import CheckStatus
from sst.kept.doubts import doubt
from sst.migrator.values.report import CORE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.errors import SstError
    from sst.health.report import NamedResult
    from sst.migrator.values.report import Report

_FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML can hold, also escaped."""
_FAILED, _ERROR, _SKIPPED = "failure", "error", "skipped"


def junit(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return *report*, of `check`, as the lines of an XML document.

    A call that has nothing but an error is one test case with that error.
    """
    doubt("its times are those of this call")
    suite = ET.Element("testsuite", name=invocation.command or "check")
    _add_properties(suite, report, invocation)
    for case in _cases(report, invocation):
        suite.append(case)
    seconds = f"{sum(each.duration_ms for each in report.checks) / 1000:.3f}"
    counts = {"tests": "testcase", "failures": _FAILED, "errors": _ERROR, "skipped": _SKIPPED}
    for name, tag in counts.items():
        suite.set(name, str(len(list(suite.iter(tag)))))
    suite.set("time", seconds)
    totals = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "time")}
    root = ET.Element("testsuites", {"name": "sst"} | totals)
    root.append(suite)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return written.decode().splitlines()


def _add_properties(suite: ET.Element, report: Report, invocation: Invocation) -> None:
    runtime = invocation.opened
    found = {"version": __version__, "state": report.state or ""}
    if report.state:
        found["revision"] = where(report)
    if runtime:
        found["environment"] = runtime.environment
        found["database"] = runtime.resolved_url.safe if runtime.resolved_url else ""
    properties = ET.SubElement(suite, "properties")
    for name, value in found.items():
        if value:
            text = _text(value, invocation)
            ET.SubElement(properties, "property", name=name, value=text)


def _cases(report: Report, invocation: Invocation) -> Iterator[ET.Element]:
    yield _state(report, invocation)
    for veto in report.vetoes:
        case = _case(veto.plugin, "review_plan", 0, invocation)
        text = f"{veto.why}\n  next: {veto.hint}" if veto.hint else veto.why
        _end(case, _FAILED, (veto.code, veto.why, text), invocation)
        yield case
    for check in report.checks:
        yield _check(check, report.error, invocation)


def _state(report: Report, invocation: Invocation) -> ET.Element:
    """Return the case of the database as a whole: where it stands, and what else is wrong."""
    case, error = _case(CORE, "state", 0, invocation), report.error
    if error and not names_checks(error):
        # What nobody could look at is an error of the test, not a failure of what is tested.
        tag = _ERROR if report.state is None else _FAILED
        _end(case, tag, (error.code, error.what, str(error)), invocation)
    if report.state:
        lines = [f"{report.state}: the database is at {where(report)}"]
        lines += [f"pending: {each.revision} {each.description}" for each in report.pending]
        lines += [f"warning: {text}" for text in other_warnings(report)]
        ET.SubElement(case, "system-out").text = _text("\n".join(lines), invocation)
    return case


def _check(check: NamedResult, error: SstError | None, invocation: Invocation) -> ET.Element:
    case = _case(check.plugin, check.name, check.duration_ms, invocation)
    words = (check.code or check.status.value, check.detail)
    if check.status is CheckStatus.FAIL:
        lines = [check.detail, *check.items]
        lines += [f"  next: {error.next_step}"] if error and names_checks(error) else []
        _end(case, _FAILED, (*words, "\n".join(lines)), invocation)
    elif check.status is CheckStatus.SKIP:
        _end(case, _SKIPPED, (*words, ""), invocation)
    elif check.detail:
        # There is no warning in JUnit: the case passes, and its output says it.
        text = f"{check.status.value}: {check.detail}"
        ET.SubElement(case, "system-out").text = _text(text, invocation)
    return case


def _case(plugin: str, name: str, milliseconds: int, invocation: Invocation) -> ET.Element:
    attributes = {
        "classname": _text(plugin, invocation),
        "name": _text(name, invocation),
        "time": f"{milliseconds / 1000:.3f}",
    }
    return ET.Element("testcase", attributes)


def _end(case: ET.Element, tag: str, words: tuple[str, str, str], invocation: Invocation) -> None:
    """Add to *case* how it ended: *words* are a type, a message, and all of it."""
    kind, message, text = (_text(each, invocation) for each in words)
    ET.SubElement(case, tag, {"type": kind, "message": message}).text = text or None


def _text(text: str, invocation: Invocation) -> str:
    return _FOREIGN.sub("\N{REPLACEMENT CHARACTER}", invocation.said(text))
