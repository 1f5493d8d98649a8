"""The body of a hook's function in a new plugin: read from `hooks/NAME.txt`, signed as its spec.

A text is parts that begin with `# body`, `# test`, `# helper` or `# constant`, and lines such as
`# returns: list[Check]`.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from textwrap import indent as indented
from typing import TYPE_CHECKING

from sst.hooks.contract import specs
from sst.hooks.contract.modes import DEPRECATED

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent
_INDENT = "    "
_LINE_LENGTH = 100
_PART = re.compile(r"^# (body|test|helper|constant)\n", re.MULTILINE)
_FACT = re.compile(r"^# (returns|decorator): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Snippet:
    """One hook of a new plugin, as text."""

    method: str
    """Decorators, signature, docstring, body and helpers, indented into the class."""
    test: str
    constant: str


def snippet(hook: str, words: Mapping[str, str]) -> Snippet:
    """Return the text of *hook*; *words* replace `$name` and their like."""
    text = Template((_FOLDER / "hooks" / f"{hook}.txt").read_text(encoding="utf-8"))
    head, *rest = _PART.split(text.substitute(words))
    parts = dict(zip(rest[::2], rest[1::2], strict=True))
    facts = dict(_FACT.findall(head))
    method = [
        _decorators(facts),
        _signature(hook, facts["returns"]),
        indented(_body(hook, parts), _INDENT),
    ]
    helper = f"\n{parts['helper']}" if "helper" in parts else ""
    whole = "\n".join(line.strip("\n") for line in method) + "\n" + helper
    return Snippet(
        indented(whole, _INDENT), parts["test"].strip(), parts.get("constant", "").strip()
    )


@cache
def template(name: str) -> Template:
    """Return the file `templates/NAME.txt`."""
    return Template((_FOLDER / "templates" / f"{name}.txt").read_text(encoding="utf-8"))


def _decorators(facts: Mapping[str, str]) -> str:
    own = facts.get("decorator")
    return "@hookimpl" + (f"\n@{own}" if own else "")


def _signature(hook: str, returns: str) -> str:
    """Return the head of the method: the arguments of the spec, a narrower answer."""
    offered = inspect.signature(getattr(specs, hook)).parameters.values()
    parameters = [each for each in offered if each.name not in DEPRECATED.get(hook, {})]
    arguments = ", ".join(["self", *(f"{each.name}: {each.annotation}" for each in parameters)])
    line = f"def {hook}({arguments}) -> {returns}:"
    if len(_INDENT + line) <= _LINE_LENGTH:
        return line
    return f"def {hook}(\n{_INDENT}{arguments}\n) -> {returns}:"


def _body(hook: str, parts: Mapping[str, str]) -> str:
    document = inspect.cleandoc(getattr(specs, hook).__doc__ or "").splitlines()[0]
    return f'"""{document}"""\n{parts["body"].strip()}'
