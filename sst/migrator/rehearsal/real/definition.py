"""The definition of a constraint, as `pg_get_constraintdef` writes it, taken apart."""

from __future__ import annotations

import re
from itertools import pairwise

_EDGE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),]")
_NAME = re.compile(r"\"((?:[^\"]|\"\")*)\"|[\w$]+")
_CALL = re.compile(r"[\w$\"]\(")
_REFERENCES = " REFERENCES "
_WHERE = " WHERE "


class Definition:
    """The text of a constraint or a unique index, and the parts in its parentheses."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._groups = _groups(text)

    @property
    def is_temporal(self) -> bool:
        """Whether it has a range of time, which PostgreSQL 18 knows."""
        return bool(re.search(r"\bWITHOUT OVERLAPS\b|\bPERIOD\b", _unquoted(self.text)))

    @property
    def keys(self) -> list[str]:
        """The columns or expressions of UNIQUE, PRIMARY KEY and FOREIGN KEY."""
        return self._parts(0)

    @property
    def expression(self) -> str:
        """The expression of a CHECK."""
        first, last = self._groups[0][0], self._groups[0][-1]
        return self.text[first + 1 : last]

    @property
    def condition(self) -> str:
        """The condition of a partial index; empty where it has none."""
        where = _unquoted(self.text).rfind(_WHERE)
        return self.text[where + len(_WHERE) :] if where >= 0 else ""

    @property
    def parent(self) -> str:
        """The table that a FOREIGN KEY refers to, with its schema."""
        end, begin = self._groups[0][-1], self._groups[1][0]
        return self.text[end + 1 : begin].removeprefix(_REFERENCES).strip()

    @property
    def parent_keys(self) -> list[str]:
        """The columns that a FOREIGN KEY refers to."""
        return self._parts(1)

    @property
    def names(self) -> set[str]:
        """The words of it that may be names, as the catalogue has them."""
        return {
            each[0] if each[1] is None else each[1].replace('""', '"')
            for each in _NAME.finditer(self.text)
        }

    @property
    def has_calls(self) -> bool:
        """Whether it may call functions."""
        return _CALL.search(self.text) is not None

    def has(self, words: str) -> bool:
        """Say whether *words*, such as `MATCH FULL`, are in it outside of its parts."""
        return words in _unquoted(self.text)

    def _parts(self, group: int) -> list[str]:
        edges = self._groups[group]
        pairs = pairwise(edges)
        return [self.text[first + 1 : last].strip() for first, last in pairs]


def _groups(text: str) -> list[list[int]]:
    """Return where each outermost parenthesis of *text* opens, has a comma, and closes."""
    found: list[list[int]] = []
    depth = 0
    for edge in _EDGE.finditer(text):
        sign, before = edge[0], depth
        depth += (sign == "(") - (sign == ")")
        if sign == "(" and depth == 1:
            found.append([edge.start()])
        elif sign in {",", ")"} and before == 1:
            found[-1].append(edge.start())
    return found


def _unquoted(text: str) -> str:
    """Return *text* without what is in quotes, and in the same places."""
    return re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", lambda each: " " * len(each[0]), text)
