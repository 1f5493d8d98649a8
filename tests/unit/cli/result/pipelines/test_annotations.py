"""Workflow commands: nothing ends one early, and what GitHub would drop is counted."""

from __future__ import annotations

import pytest

from sst.cli.result.pipelines.annotations import Annotation, commands

_ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


def _read(command: str) -> tuple[str, dict[str, str], str]:
    """Return kind, properties and text of *command* as the runner reads it."""
    head, _, text = command.removeprefix("::").partition("::")
    kind, _, named = head.partition(" ")
    properties = dict(each.split("=", 1) for each in named.split(","))
    return kind, {name: _unescaped(value) for name, value in properties.items()}, _unescaped(text)


def _unescaped(text: str) -> str:
    # The percent sign last: what was one before is no escape.
    for escape, character in reversed(_ESCAPES.items()):
        text = text.replace(escape, character)
    return text


@pytest.mark.parametrize("text", ["100%", "a:b", "a,b", "a::error::b", "one\ntwo", "%0A", "a=b"])
def test_command_is_read_as_it_was_meant(text: str) -> None:
    written = str(Annotation("error", text, text, file=text, line=3))

    kind, properties, read = _read(written)

    assert "\n" not in written
    assert (kind, read) == ("error", text)
    assert properties == {"file": text, "line": "3", "title": text}


def test_carriage_return_begins_no_command() -> None:
    """A runner ends a line there, too."""
    written = str(Annotation("warning", "a\rb", "one\r::error::two"))

    assert written == "::warning title=a\\x0db::one\\x0d::error::two"


def test_line_without_a_file_is_none() -> None:
    assert str(Annotation("error", "t", "x", line=3)) == "::error title=t::x"


def test_eleventh_of_a_kind_is_counted() -> None:
    many = [Annotation("error", "t", str(number)) for number in range(12)]
    one = Annotation("warning", "w", "x")

    *shown, last = commands([*many, one], "check", "all of it")

    assert shown == [*map(str, many[:10]), str(one)]
    assert last == "::notice title=check::all of it; 11 of 13 are shown here"
