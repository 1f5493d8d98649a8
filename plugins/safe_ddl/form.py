"""The form of a statement: the words by which safe code is chosen for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks import Token, sql_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Tokens = Sequence[Token]

_BEFORE_A_STATEMENT = ("begin", "loop", "then", "else", "as", "in")


def pieces(sql: str) -> Iterator[Tokens]:
    """Give the statements of *sql*, those of a DO block and of the texts that it executes too."""
    for tokens in sql_statements(sql):
        if not after(tokens[:4], "function") and not after(tokens[:4], "procedure"):
            yield tokens
        if tokens[0].is_word("do"):
            for token in tokens:
                if token.kind in {"body", "string"}:
                    yield from _inside(_value(token))


def _inside(body: str) -> Iterator[Tokens]:
    for tokens in sql_statements(body):
        yield tokens
        for token in tokens:
            if token.kind == "string":
                yield from sql_statements(_value(token))


def _value(token: Token) -> str:
    text = token.text
    return text if token.kind == "body" else text[text.find("'") + 1 : -1].replace("''", "'")


def after(tokens: Tokens, form: str) -> Tokens | None:
    """Return what stands after the words of *form* in *tokens*; None where they are not there.

    A word of *form* that ends with a question mark may be left out; the first one may not.
    """
    first = form.split(maxsplit=1)[0]
    for start, token in enumerate(tokens):
        rest = follows(tokens[start:], form) if token.is_word(first) else None
        if rest is not None:
            return rest
    return None


def follows(tokens: Tokens, form: str) -> Tokens | None:
    """Return what stands after the words of *form*, with which *tokens* begin, or None."""
    for word in form.split():
        if tokens and tokens[0].is_word(word.rstrip("?")):
            tokens = tokens[1:]
        elif not word.endswith("?"):
            return None
    return tokens


def name(tokens: Tokens) -> tuple[tuple[str, ...], Tokens]:
    """Return the name that *tokens* begin with, its schema before it, and what follows it."""
    parts: list[str] = []
    while tokens and tokens[0].kind in {"word", "name"}:
        parts.append(tokens[0].text)
        tokens = tokens[1:]
        if not (tokens and tokens[0].is_sign(".")):
            break
        tokens = tokens[1:]
    return tuple(parts), tokens


def parted(tokens: Tokens) -> list[Tokens]:
    """Return what stands between the commas of *tokens*, those in parentheses apart."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.is_sign("(") - token.is_sign(")")
        if token.is_sign(",") and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return list(found)


def in_parentheses(tokens: Tokens) -> tuple[Tokens, Tokens]:
    """Return what is inside the parentheses that *tokens* begin with, and what follows them."""
    if not tokens or not tokens[0].is_sign("("):
        return (), tokens
    depth = 0
    for at, token in enumerate(tokens):
        depth += token.is_sign("(") - token.is_sign(")")
        if not depth:
            return tokens[1:at], tokens[at + 1 :]
    return tokens[1:], ()


def until(tokens: Tokens, *words: str) -> tuple[Tokens, Tokens]:
    """Return *tokens* before the first of *words* outside of parentheses, and from there on."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += token.is_sign("(") - token.is_sign(")")
        if token.is_word(*words) and not depth:
            return tokens[:at], tokens[at:]
    return tokens, ()


def whole_writes(found: Iterable[Tokens]) -> Iterator[tuple[tuple[str, ...], Tokens]]:
    """Give each UPDATE and DELETE without WHERE in the pieces *found*, with its table's name."""
    for piece in found:
        for at, token in enumerate(piece):
            is_first = not at or piece[at - 1].is_word(*_BEFORE_A_STATEMENT)
            is_first = is_first or piece[at - 1].is_sign("(") or piece[at - 1].is_sign(")")
            # In MERGE the rows are those that its condition finds.
            is_first = is_first and not any(each.is_word("set") for each in piece[at + 1 : at + 2])
            if is_first and token.is_word("update", "delete"):
                written = _without_where(piece[at:])
                if written:
                    yield written


def _without_where(tokens: Tokens) -> tuple[tuple[str, ...], Tokens] | None:
    """Return the table of the statement that *tokens* begin with, and it, without a WHERE."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += token.is_sign("(") - token.is_sign(")")
        if depth < 0:
            tokens = tokens[:at]
            break
        if token.is_word("where") and not depth:
            return None
    rest = follows(tokens, "update only?") or follows(tokens, "delete from only?")
    named = name(rest)[0] if rest else ()
    return (named, tokens) if named else None
