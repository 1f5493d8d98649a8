"""A JUnit report, held against the rules of the schema that Jenkins and others read it by.

No validator of XML schemas is in the environment, so the rules are a table: of `junit-10.xsd` of
Jenkins' xUnit plugin, those for the elements that a report of ours has, and the counts that the
schema does not ask for.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET


class Rule(NamedTuple):
    """What one element may have."""

    required: frozenset[str]
    optional: frozenset[str]
    children: frozenset[str]
    has_text: bool = False


def _rule(
    required: str, optional: str = "", children: str = "", *, has_text: bool = False
) -> Rule:
    needed, free, inside = (frozenset(each.split()) for each in (required, optional, children))
    return Rule(needed, free, inside, has_text)


_RULES = {
    "testsuites": _rule("", "name time tests failures errors", "testsuite"),
    "testsuite": _rule(
        "name tests failures errors",
        "group time skipped timestamp hostname id package file log url",
        "testsuite properties testcase system-out system-err",
    ),
    "properties": _rule("", "", "property"),
    "property": _rule("name value"),
    "testcase": _rule(
        "name", "time classname group", "skipped error failure system-out system-err"
    ),
    "failure": _rule("", "type message", has_text=True),
    "error": _rule("", "type message", has_text=True),
    "skipped": _rule("", "type message", has_text=True),
    "system-out": _rule("", has_text=True),
    "system-err": _rule("", has_text=True),
}
_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")
_COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def read_junit(text: str) -> ET.Element:
    """Return the root of the report *text*; raises `AssertionError` where it is none."""
    root = ET.fromstring(text)  # noqa: S314 - of a command of ours
    assert root.tag in {"testsuites", "testsuite"}, root.tag
    for element in root.iter():
        _hold(element)
    return root


def _hold(element: ET.Element) -> None:
    tag, rule, given = element.tag, _RULES[element.tag], set(element.attrib)
    assert rule.required <= given <= rule.required | rule.optional, (tag, given)
    assert {each.tag for each in element} <= rule.children, tag
    assert rule.has_text or not (element.text or "").strip(), tag
    assert _TIME.fullmatch(element.get("time", "0")), element.get("time")
    if tag in {"testsuites", "testsuite"}:
        counts = {name: element.get(name) for name in _COUNTED if name in given}
        assert counts == {name: str(len(list(element.iter(_COUNTED[name])))) for name in counts}
