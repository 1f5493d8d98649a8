"""Read a word's value by the declared type of its setting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sst.config.declared.annotations import (
    Kind,
    accepts_bool,
    choices,
    has_keys,
    kind_of,
)
from sst.config.habits.list_markers import grows
from sst.config.habits.tokens import advice, refused_token, token_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.config.declared.annotations import Annotation
    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import SourceValue, Value


class UnreadableError(ValueError):
    """A value cannot be of the declared type; the text says why and never what it is."""

    def __init__(self, message: str, *, hint: str = "", source: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.source = source
        """Where the value is, when it is not the winner's."""


def convert(source_value: SourceValue, setting: Setting) -> Value:
    """Return *source_value*'s value as pydantic takes it for *setting*.

    A text setting gets its text byte for byte: a password `0123`, `1e5` or `@format x` stays one.
    """
    try:
        return _read(source_value, setting)
    except UnreadableError as error:
        error.source = source_value.source
        raise


def contributing(
    source_values: Sequence[SourceValue], setting: Setting
) -> tuple[SourceValue, ...]:
    """Return those of *source_values*, low to high, that the value of *setting* is made of.

    That is the winner, and for a list that grows what it is appended to.
    """
    for position in range(len(source_values) - 1, -1, -1):
        if setting.is_table or not grows_there(source_values[position], setting):
            return tuple(source_values[position:])
    return tuple(source_values)


def grows_there(source_value: SourceValue, setting: Setting) -> bool:
    """Say whether the list that *source_value* gives *setting* is appended to the one below."""
    try:
        return grows(_read(source_value, setting))
    except UnreadableError:
        return False


def _read(source_value: SourceValue, setting: Setting) -> Value:
    text = source_value.value
    below = source_value.path[len(setting.path) :]
    if not below and isinstance(text, str):
        refuse_token(text, setting)
    if not source_value.is_text:
        value = _checked(text, setting)
    else:
        value = convert_part(without_quotes(text) if setting.is_url else text, setting.annotation)
    if not below:
        refuse_token(value, setting)
    return value


def refuse_token(value: Value, setting: Setting) -> None:
    """Raise `UnreadableError` where *value* has a token of Dynaconf's and no text may stand."""
    if text := refused_token(value, setting.annotation):
        message = f"begins with {token_in(text)}, a word of Dynaconf's that is not obeyed here"
        raise UnreadableError(message, hint=advice(text, setting))


def without_quotes(url: str) -> str:
    """Return *url* without the quotes around it, which `docker --env-file` takes for a part of it.

    No URL begins with one; in another text they may be meant.
    """
    text = url.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else url


def _checked(value: Value, setting: Setting) -> Value:
    """Refuse a boolean for a number: pydantic would read `DB_POOL_SIZE = true` as 1."""
    if isinstance(value, bool) and not accepts_bool(setting.annotation):
        message = f"is a boolean and should be a {setting.type_name}"
        raise UnreadableError(message)
    return value


def _read_list(text: str) -> list[Any]:
    stripped = text.strip()
    if not stripped.startswith(("[", "{")):
        return [part.strip() for part in stripped.split(",") if part.strip()]
    found = parse_json(stripped)
    if not isinstance(found, list):
        raise UnreadableError(_NOT_A_LIST)
    return found


def _read_table(text: str) -> dict[str, Any]:
    found = parse_json(text)
    if not isinstance(found, dict):
        raise UnreadableError(_NOT_A_TABLE)
    return found


def convert_part(text: str, annotation: Annotation) -> Value:
    """Return a variable's *text* for a part of a table, whose declared type is *annotation*."""
    kind = kind_of(annotation)
    tables = {has_keys(one) for one in choices(annotation)}
    if tables != {True, False}:
        return _READERS[kind](text)
    # `str | Table`, `bool | Table`: an object is the table, anything else is not.
    stripped = text.strip()
    is_table = stripped.startswith("{") or (kind is Kind.TABLE and stripped.startswith("["))
    found = parse_json(stripped) if is_table else None
    return found if isinstance(found, dict | list) else _READERS[_without_table(kind)](text)


def _without_table(kind: Kind) -> Kind:
    return Kind.PLAIN if kind is Kind.TABLE else kind


def parse_json(text: str) -> Value:
    """Return the JSON value of *text*, None when it is none.

    The decoder's own error would carry the whole text.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_NOT_A_LIST = 'is not a list; write ["one", "two"] or one,two'
_NOT_A_TABLE = 'is not a table; write {"key": "value"}'
_READERS: dict[Kind, Callable[[str], Value]] = {
    Kind.TEXT: str,
    Kind.PLAIN: str.strip,
    Kind.LIST: _read_list,
    Kind.TABLE: _read_table,
}
