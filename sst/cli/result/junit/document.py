"""The document of a JUnit report: one suite of test cases.

The elements and attributes are those of the schema `junit-10.xsd` of Jenkins' xUnit plugin, which
GitLab, Azure, CircleCI and Buildkite read, too. All of it is ASCII, whatever stdout is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sst import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sst.cli.call.invocation import Invocation

FAILED, ERROR, SKIPPED = "failure", "error", "skipped"
"""How a test case ends that does not pass."""
_FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML can hold, also escaped."""


def document(
    properties: Mapping[str, str],
    cases: Iterable[ET.Element],
    seconds: float,
    invocation: Invocation,
) -> Sequence[str]:
    """Return the lines of a document with *cases*, which took *seconds* in all."""
    suite = ET.Element("testsuite", name=invocation.command or "check")
    listed = ET.SubElement(suite, "properties")
    for name, value in {"version": __version__, **properties}.items():
        if value:
            ET.SubElement(listed, "property", name=name, value=text_of(value, invocation))
    suite.extend(cases)
    counts = {"tests": "testcase", "failures": FAILED, "errors": ERROR, "skipped": SKIPPED}
    for name, tag in counts.items():
        suite.set(name, str(len(list(suite.iter(tag)))))
    suite.set("time", f"{seconds:.3f}")
    totals = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "time")}
    root = ET.Element("testsuites", {"name": "sst"} | totals)
    root.append(suite)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return written.decode().splitlines()


def case_of(group: str, name: str, seconds: float, invocation: Invocation) -> ET.Element:
    """Return the test case *name* of *group*, which passes until `end` says otherwise."""
    attributes = {
        "classname": text_of(group, invocation),
        "name": text_of(name, invocation),
        "time": f"{seconds:.3f}",
    }
    return ET.Element("testcase", attributes)


def end(case: ET.Element, tag: str, words: tuple[str, str, str], invocation: Invocation) -> None:
    """Add to *case* how it ended: *words* are a type, a message, and all of it."""
    kind, message, text = (text_of(each, invocation) for each in words)
    ET.SubElement(case, tag, {"type": kind, "message": message}).text = text or None


def text_of(text: str, invocation: Invocation) -> str:
    """Return *text* as a document can hold it, without a secret."""
    return _FOREIGN.sub("\N{REPLACEMENT CHARACTER}", invocation.said(text))
