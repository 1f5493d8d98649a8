"""Render the chart as Helm does, for the few forms of its templates; any other is refused."""

from __future__ import annotations

import json
import re
import textwrap
from functools import reduce
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.compose import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CHART = ROOT / "deploy" / "helm" / "sst"

_OPENING = re.compile(r"\s*\{\{- (if|with) \.Values\.([\w.]+) \}\}")
_END = re.compile(r"\s*\{\{- end \}\}")
_YAML = re.compile(r"\s*\{\{- toYaml \.(Values\.[\w.]+)? \| nindent (\d+) \}\}")
_VALUE = re.compile(r"\{\{ \.((?:Values|Release)\.[\w.]+) \}\}")


def default_values() -> dict[str, Any]:
    """Return the values that the chart brings."""
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    return values


def merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return *values* with *changes*: tables key by key, all else replaced."""
    return values | {
        name: merged(values[name], change) if isinstance(change, dict) else change
        for name, change in changes.items()
    }


def render_chart(values: dict[str, Any], release: str) -> dict[str, str]:
    """Return the text of every template by its file's name, for *release* with *values*."""
    scope = {"Values": values, "Release": {"Name": release}}
    return {
        path.name: render(path.read_text("utf-8"), scope)
        for path in sorted((CHART / "templates").iterdir())
    }


def render(template: str, scope: dict[str, Any]) -> str:
    """Return *template* with what is in *scope*; raise ValueError for a form not known here."""
    return "\n".join(_lines(iter(template.splitlines()), scope, scope, shown=True)) + "\n"


def _lines(
    lines: Iterator[str], scope: dict[str, Any], here: object, *, shown: bool
) -> Iterator[str]:
    for line in lines:
        if _END.fullmatch(line):
            return
        if opening := _OPENING.fullmatch(line):
            value = _value(scope, f"Values.{opening[2]}")
            inner = value if opening[1] == "with" else here
            yield from _lines(lines, scope, inner, shown=shown and bool(value))
        elif shown:
            yield _line(line, scope, here)


def _line(line: str, scope: dict[str, Any], here: object) -> str:
    if written := _YAML.fullmatch(line):
        text = yaml.safe_dump(_value(scope, written[1]) if written[1] else here)
        return textwrap.indent(text.rstrip(), " " * int(written[2]))
    rendered = _VALUE.sub(lambda found: _text(_value(scope, found[1])), line)
    if "{{" in rendered or "}}" in rendered:
        raise ValueError(f"not a form that is known here: {line.strip()}")
    return rendered


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _value(scope: dict[str, Any], path: str) -> Any:  # noqa: ANN401 - whatever stands there
    return reduce(lambda table, name: table[name], path.split("."), scope)
