"""The comments in a revision's file by which a team takes findings on itself.

`# sst: accept RULE because REASON [until DATE]`, behind a statement or on a line above it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sst.hooks.contract.plan.finding import Acceptance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from tokenize import TokenInfo

FORM = "# sst: accept RULE because REASON [until YYYY-MM-DD]"
_OURS = re.compile(r"#\s*sst\s*:\s*")
# Another comment behind ours on the same line, such as one for a linter; #123 is none.
_OTHERS = re.compile(r"\s+#\s.*|\s+#\s*(?:noqa|type|fmt|pragma|nosec|pylint)\b.*")
_RULE = r"[A-Za-z0-9][\w.-]*"
_ACCEPT = re.compile(rf"accept\s+({_RULE}(?:\s*,\s*{_RULE})*)(?:\s+because\b\s*(.*))?", re.DOTALL)
_UNTIL = re.compile(r"(?:^|\s+)until\s+(\d\S*)$")
# A day that is not at the end would be taken for a part of the reason, which holds for good.
_ELSEWHERE = re.compile(r"\buntil\s+\d{4}-\d", re.IGNORECASE)
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
_OTHER_WAY = {"upgrade": "downgrade", "downgrade": "upgrade"}


@dataclass(frozen=True, slots=True)
class Comment:
    """One rule that a comment accepts; several rules are several of them."""

    line: int
    """Of the comment itself."""
    lines: range
    """Those of the statement that it stands for; empty where it stands for none."""
    rule: str
    acceptance: Acceptance | None
    """None where the comment gives no reason, or is none of the form."""
    is_of_form: bool = True

    def covers(self, line: int) -> bool:
        """Say whether *line* belongs to its statement; 0 is the whole revision, of any of them."""
        return line in self.lines if line else bool(self.lines)


def comments_in(path: Path, function: str) -> tuple[Comment, ...]:
    """Return the comments of ours in the revision *path* that concern *function*.

    That is `upgrade` or `downgrade`; a comment in what only the other one uses is left out.
    A file that is no text, such as one that is compiled, has none.
    """
    try:
        with tokenize.open(path) as file:
            text = file.read()
        if not _OURS.search(text):
            return ()
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        others = tuple(_only_in(ast.parse(text), _OTHER_WAY[function], function))
    except (OSError, SyntaxError, ValueError, tokenize.TokenError):
        return ()
    found = (each for place in _placed(tokens) for each in _read(*place))
    return tuple(each for each in found if not any(each.line in lines for lines in others))


def _placed(tokens: Sequence[TokenInfo]) -> Iterator[tuple[str, int, range]]:
    """Give each comment with its line, and the lines of its statement."""
    statements = list(_statements(tokens))
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    alone = {each.start[0] for each in comments}.difference(*statements)
    for token in comments:
        line = following = token.start[0]
        while following in alone:
            following += 1
        found = (lines for lines in statements if following in lines)
        yield token.string, line, next(found, range(0))


def _statements(tokens: Iterable[TokenInfo]) -> Iterator[range]:
    """Give the lines of each statement; of one that has a body, those of its head."""
    first = 0
    for token in tokens:
        if token.type == tokenize.NEWLINE:
            yield range(first, token.start[0] + 1)
            first = 0
        elif token.type not in _NO_CODE:
            first = first or token.start[0]


def _read(text: str, line: int, lines: range) -> Iterator[Comment]:
    """Give what the comment *text* accepts; what is ours and of no form is among it."""
    for words in _OURS.split(text)[1:]:
        match = _ACCEPT.fullmatch(_OTHERS.sub("", words).strip())
        acceptance = _acceptance(match[2] or "") if match else None
        if match is None or acceptance is None:
            yield Comment(line, lines, "", None, is_of_form=False)
            continue
        for rule in re.split(r"\s*,\s*", match[1]):
            yield Comment(line, lines, rule, acceptance if acceptance.reason else None)


def _acceptance(text: str) -> Acceptance | None:
    """Return the reason in *text*, and until when it holds; None where that is no date."""
    match = _UNTIL.search(text)
    if match is None:
        return None if _ELSEWHERE.search(text) else Acceptance(text.strip())
    try:
        until = date.fromisoformat(match[1])
    except ValueError:
        return None
    return Acceptance(text[: match.start()].strip(), until)


def _only_in(tree: ast.Module, name: str, other: str) -> Iterator[range]:
    """Give the lines of the functions that *name* uses and *other* does not."""
    functions = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    uses = {key: _names_in(node) & functions.keys() for key, node in functions.items()}
    for key in _reached(uses, name) - _reached(uses, other):
        node = functions[key]
        yield range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _reached(uses: dict[str, set[str]], name: str) -> set[str]:
    """Return *name*, and what it uses, however far."""
    found: set[str] = set()
    left: Iterable[str] = [name] if name in uses else []
    while left := [each for each in left if each not in found]:
        found.update(left)
        left = [each for one in left for each in uses[one]]
    return found
