"""Which paths a `.dockerignore` keeps out of a build, by the rules of Docker's own matcher.

The rules are those of github.com/moby/patternmatcher, which BuildKit and the classic builder use:
the wildcards of Go's filepath.Match, `**` for any number of folders, `!` for an exception.
A pattern fits a path when it fits the path or a folder above it; the last that fits decides.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TOKEN = re.compile(
    r"(?P<any_depth>\*\*/?)|(?P<star>\*)|(?P<question>\?)"
    r"|(?P<set>\[\^?[^\]]+\])|\\(?P<escaped>.)|(?P<plain>.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of the file: what it fits, and whether it lets in again."""

    is_exception: bool
    expression: re.Pattern[str]

    @classmethod
    def read(cls, line: str) -> Pattern:
        """Read a *line* that is neither empty nor a comment; a leading `/` means nothing."""
        is_exception = line.startswith("!")
        text = posixpath.normpath(line.removeprefix("!").strip()).lstrip("/")
        return cls(is_exception, re.compile(_expression(text), re.DOTALL))

    def fits(self, path: str) -> bool:
        """Tell whether the pattern fits *path* or a folder above it."""
        parts = path.split("/")
        heads = ("/".join(parts[: count + 1]) for count in range(len(parts)))
        return any(self.expression.fullmatch(head) for head in heads)


def _expression(text: str) -> str:
    """Return the regular expression of the pattern *text*."""
    found = ""
    for token in _TOKEN.finditer(text):
        if token["any_depth"]:
            found += ".*" if token.end() == len(text) else "(.*/)?"
        elif token["set"]:
            found += token["set"]
        elif token["star"] or token["question"]:
            found += "[^/]*" if token["star"] else "[^/]"
        else:
            found += re.escape(token["escaped"] or token["plain"])
    return found


def read_patterns(text: str) -> list[Pattern]:
    """Return the patterns of a `.dockerignore`; only a `#` in the first column is a comment."""
    lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    return [Pattern.read(line) for line in lines if line]


def enters(path: str, patterns: list[Pattern]) -> bool:
    """Tell whether *path*, relative to the build's folder and with `/`, reaches the builder."""
    is_ignored = False
    for pattern in patterns:
        # Of no consequence otherwise: it would decide what is decided.
        if pattern.is_exception == is_ignored and pattern.fits(path):
            is_ignored = not pattern.is_exception
    return not is_ignored


def files_that_enter(root: Path, patterns: list[Pattern]) -> set[str]:
    """Return the files below *root* that reach the builder, relative to it."""
    files = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return {path for path in files if enters(path, patterns)}
