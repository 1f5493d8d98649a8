"""Workflow commands of GitHub Actions, which annotate a run and the lines of a pull request.

GitHub keeps ten annotations of a kind in a step and drops the others without a word: the first
ten of a kind are given, and a last one says how many there were.
Source: GitHub's documentation, "Workflow commands for GitHub Actions"; escapes as in
`@actions/core`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sst.redaction.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sst.cli.call.invocation import Invocation
    from sst.errors import SstError

MOST = 10
"""Annotations of one kind in one step."""
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """One message of a step, and the place that it is about."""

    kind: Literal["error", "warning", "notice"]
    title: str
    text: str
    file: str = ""
    """From the top of the checkout; empty for no place."""
    line: int | None = None

    def __str__(self) -> str:
        """Return the command."""
        place = {"file": self.file} if self.file else {}
        line = {"line": str(self.line)} if self.file and self.line else {}
        properties = place | line | {"title": self.title}
        named = ",".join(
            f"{name}={_escaped(text, _PROPERTY)}" for name, text in properties.items()
        )
        return f"::{self.kind} {named}::{_escaped(self.text, _DATA)}"


def commands(annotations: Iterable[Annotation], title: str, text: str) -> list[str]:
    """Return the commands of *annotations*, and a notice: *text*, and how many are left out."""
    found = list(annotations)
    shown = list(_first_of_each_kind(found))
    if len(shown) < len(found):
        text += f"; {len(shown)} of {len(found)} are shown here"
    return [*map(str, shown), str(Annotation("notice", title, text))]


def error_annotation(
    error: SstError, invocation: Invocation, file: str = "", line: int | None = None
) -> Annotation:
    """Return what *error* says, its next step included, about *line* of *file*."""
    lines = [error.what, *filter(None, (error.why, error.fault.statement))]
    lines += [f"next: {error.next_step}"] if error.next_step else []
    return Annotation("error", error.code, invocation.said("\n".join(lines)), file, line)


def _first_of_each_kind(found: Iterable[Annotation]) -> Iterator[Annotation]:
    seen: Counter[str] = Counter()
    for each in found:
        seen[each.kind] += 1
        if seen[each.kind] <= MOST:
            yield each


def _escaped(text: str, characters: dict[str, str]) -> str:
    return "".join(characters.get(each, each) for each in visible(text))
