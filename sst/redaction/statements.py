"""A statement of somebody else's session, shown without what it says: literals become `?`."""

from __future__ import annotations

import re

LONGEST = 160

# One token after the other, so that a quote in an identifier or a comment opens nothing.
# What is doubtful or cut off (`track_activity_query_size`) is hidden to the end.
# Source: PostgreSQL manual, 4.1 "Lexical Structure".
_TOKEN = re.compile(
    r"""
    (?P<escaped> [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z) )
  | (?P<string> (?:[bBxXnN]|[uU]&)?'(?:[^'\\]|''|\\[^'])*(?:\\'.*|'|\Z) )
  | (?P<dollar> \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z) )
  | (?P<comment> --[^\n]* | /\*(?:(?!/\*|\*/).)*\*/ | /\*.* )
  | (?P<kept> "(?:[^"]|"")*(?:"|\Z) | \$\d+ | [^\W\d][\w$]* )
  | (?P<number> \.?\d(?:[eE][+-]?\d|[\w.])* )
    """,
    re.DOTALL | re.VERBOSE,
)


def without_literals(statement: str, longest: int = LONGEST) -> str:
    """Return *statement* in one line of at most *longest* characters, each literal a `?`."""
    line = " ".join(_TOKEN.sub(_masked, statement).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def _masked(token: re.Match[str]) -> str:
    if token["kept"]:
        return token["kept"]
    return " " if token["comment"] else "?"
