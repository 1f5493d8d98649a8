"""The words and names of one statement, read one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.db.sql_tokens import Token

Name = tuple[str, ...]
"""A name and, before it, its schema where one is written: `("public", "sites")`."""


class Reading:
    """A place in the tokens of one statement, which moves on."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def rest(self) -> Sequence[Token]:
        """The tokens that are not read yet."""
        return self._tokens[self._at :]

    def take(self, *words: str) -> bool:
        """Move over *words* when they are next, one after the other."""
        following = self.rest[: len(words)]
        if len(following) < len(words):
            return False
        if all(token.is_word(word) for token, word in zip(following, words, strict=True)):
            self._at += len(words)
            return True
        return False

    def take_sign(self, sign: str) -> bool:
        """Move over *sign* when it is next."""
        if self.rest and self.rest[0].is_sign(sign):
            self._at += 1
            return True
        return False

    def skip(self) -> None:
        """Move over one token."""
        self._at += 1

    def name(self) -> Name:
        """Return the name that is next, with its schema; empty when there is none."""
        parts: list[str] = []
        while self.rest and self.rest[0].kind in {"word", "name"}:
            parts.append(self.rest[0].text)
            self._at += 1
            if not self.take_sign("."):
                break
        return tuple(parts)

    def names(self) -> list[Name]:
        """Return the names that are next, with a comma between two; arguments are passed over."""
        found: list[Name] = []
        while name := self.name():
            found.append(name)
            self._skip_parentheses()
            self.take_sign("*")
            if not self.take_sign(","):
                break
        return found

    def has(self, *words: str) -> bool:
        """Say whether one of *words* is still to come, outside of quotes."""
        return any(token.is_word(*words) for token in self.rest)

    def _skip_parentheses(self) -> None:
        depth = 0
        while self.rest and (depth or self.rest[0].is_sign("(")):
            depth += self.rest[0].is_sign("(") - self.rest[0].is_sign(")")
            self._at += 1


def parts(tokens: Sequence[Token]) -> Iterator[Reading]:
    """Return what stands between the commas of *tokens*, those in parentheses apart."""
    found: list[Token] = []
    depth = 0
    for token in tokens:
        depth += token.is_sign("(") - token.is_sign(")")
        if token.is_sign(",") and not depth:
            yield Reading(found)
            found = []
        else:
            found.append(token)
    yield Reading(found)
