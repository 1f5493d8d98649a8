"""A JUnit report is well-formed and true, whatever stands in the texts of checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.cli.call.invocation import Invocation
from sst.cli.result.junit.database import junit
from sst.errors import DatabaseUnreachableError, DriftError, PendingError, SstError
from sst.health.report import NamedResult
from sst.hooks.contract.checks import CheckStatus
from sst.migrator.values.report import Objection, Report
from tests.support.junit import read_junit

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

_NASTY = "<a> & ]]> \" ' \x00 \x1b[2J \x85 \ud800 \ufffe \U0001f4a5 <!-- --> <![CDATA[ &#0;"


def _check(name: str, status: CheckStatus, detail: str = "", **values: object) -> NamedResult:
    found = NamedResult("team", name, status, detail, None, 1234, datetime.now(UTC))
    return replace(found, **values)  # type: ignore[arg-type]


def _read(report: Report) -> ET.Element:
    invocation = Invocation(Path())
    invocation.command = "check"
    return read_junit("\n".join(junit(report, invocation)))


def _case(suites: ET.Element, name: str) -> ET.Element:
    [found] = [each for each in suites.iter("testcase") if each.get("name") == name]
    return found


def _drift() -> SstError:
    return DriftError(what="1 check fails.", why="bad: x", next_step="mend it")


def test_each_check_is_a_case_of_its_plugin_and_ends_as_it_did() -> None:
    checks = (
        _check("good", CheckStatus.PASS, "it is"),
        _check("odd", CheckStatus.WARN, "look"),
        _check("bad", CheckStatus.FAIL, "broken", code="drift", items=("one", "two")),
        _check("later", CheckStatus.SKIP, "not now"),
    )

    suites = _read(Report(state="up_to_date", checks=checks, error=_drift()))

    cases = {each.get("name"): each for each in suites.iter("testcase")}
    assert list(cases) == ["state", "good", "odd", "bad", "later"]
    assert (cases["good"].get("classname"), cases["good"].get("time")) == ("team", "1.234")
    assert cases["odd"].findtext("system-out") == "warn: look"
    assert cases["bad"].findtext("failure") == "broken\none\ntwo\n  next: mend it"
    failure = cases["bad"].find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "drift", "message": "broken"}
    assert cases["later"].find("skipped") is not None
    assert (suites.get("failures"), suites.get("errors")) == ("1", "0")


def test_pending_fails_the_state_and_a_veto_is_a_case_of_its_plugin() -> None:
    error = PendingError(what="1 revision is pending.", why="two", next_step="upgrade")
    veto = Objection("guard", "not now", "wait", "vetoed")

    suites = _read(Report(state="pending", after=("one",), vetoes=(veto,), error=error))

    assert "next: upgrade" in str(_case(suites, "state").findtext("failure"))
    assert _case(suites, "review_plan").get("classname") == "guard"
    assert _case(suites, "review_plan").findtext("failure") == "not now\n  next: wait"


def test_what_nobody_could_look_at_is_an_error_and_no_failure() -> None:
    error = DatabaseUnreachableError(what="No connection.", why="", next_step="see to it")

    suites = _read(Report(error=error))

    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("1", "0", "1")
    found = _case(suites, "state").find("error")
    assert found is not None
    assert found.get("type") == "database_unreachable"


@pytest.mark.parametrize("status", list(CheckStatus))
def test_no_text_breaks_the_document(status: CheckStatus) -> None:
    """A NUL and half a character cannot stand in XML, also not as references."""
    check = _check(_NASTY, status, _NASTY, plugin=_NASTY, code=_NASTY, items=(_NASTY,))
    lines = junit(
        Report(state="up_to_date", checks=(check,), warnings=(_NASTY,)), Invocation(Path())
    )

    suites = read_junit("\n".join(lines))

    assert all(line.isascii() for line in lines)
    [_, case] = suites.iter("testcase")
    read = case.get("classname")
    assert read == (
        "<a> & ]]> \" ' \\x00 \\x1b[2J \\x85 \ufffd \ufffd \U0001f4a5 <!-- --> <![CDATA[ &#0;"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<testsuite name='a' tests='0' failures='0'/>",
        "<testsuite name='a' tests='1' failures='0' errors='0'/>",
        "<testsuites><testcase name='a'/></testsuites>",
        "<testsuite name='a' tests='0' failures='0' errors='0' time='1 s'/>",
        "<testsuite name='a' tests='0' failures='0' errors='0' odd='1'/>",
        "<testsuite name='a' tests='0' failures='0' errors='0'>text</testsuite>",
    ],
)
def test_rules_refuse_what_is_no_report(text: str) -> None:
    with pytest.raises(AssertionError):
        read_junit(text)
