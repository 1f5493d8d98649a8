"""The meaning of a declared type for a value: how its text is read, and whether it is a secret."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, RootModel

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Annotation: TypeAlias = Any
"""A declared type in any of the forms that `typing` allows."""


class Kind(Enum):
    """How a text becomes a value of a declared type."""

    TEXT = "text"
    """As it is, byte for byte."""
    LIST = "list"
    """A JSON array, or words between commas."""
    TABLE = "table"
    """A JSON object."""
    PLAIN = "plain"
    """Without surrounding space; pydantic reads the rest."""


_TEXTS = (str, bytes, PurePath)
_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|api_?key|private_?key|credential|webhook|(^|_)(pwd|dsn)($|_)"
)


def choices(annotation: Annotation) -> tuple[Annotation, ...]:
    """Return the types that *annotation* allows, None left out."""
    origin: Any = get_origin(annotation)
    if (meant := _meant_by(annotation)) is not None:
        return choices(meant)
    if origin in (Annotated, Required, NotRequired):
        return choices(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return tuple(found for part in get_args(annotation) for found in choices(part))
    return () if annotation in (None, type(None)) else (annotation,)


def _meant_by(annotation: Annotation) -> Annotation:
    """Return what another name of a type stands for; None when *annotation* is no such name."""
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return annotation.model_fields["root"].annotation
    # `type X = ...` of Python 3.12, and NewType.
    return getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)


def kind_of(annotation: Annotation) -> Kind:
    """Return how a text is read for *annotation*."""
    allowed = choices(annotation)
    if not allowed or annotation is Any or any(_is_text(one) for one in allowed):
        return Kind.TEXT
    if any(has_keys(one) for one in allowed):
        return Kind.TABLE
    if any(_is_a(one, Sequence, AbstractSet) for one in allowed):
        return Kind.LIST
    return Kind.PLAIN


def model_of(annotation: Annotation) -> type[BaseModel] | None:
    """Return the pydantic model that *annotation* is, optional or not."""
    allowed = choices(annotation)
    if len(allowed) == 1 and _is_a(allowed[0], BaseModel):
        model: type[BaseModel] = allowed[0]
        return model
    return None


def is_mapping(annotation: Annotation) -> bool:
    """Say whether a table of any keys is meant."""
    return any(_is_a(one, Mapping) and not is_typed_dict(one) for one in choices(annotation))


def is_typed_dict(one: Annotation) -> bool:
    """Say whether *one* is a `TypedDict`, that of `typing_extensions` too."""
    return isinstance(one, type) and issubclass(one, dict) and hasattr(one, "__total__")


def takes_keys(annotation: Annotation) -> bool:
    """Say whether a table is one of the values of *annotation*, other than of one model alone."""
    allowed = choices(annotation)
    return not allowed or any(one in (Any, object) or has_keys(one) for one in allowed)


def is_literal(one: Annotation) -> bool:
    """Say whether *one* is a choice of values."""
    origin: Any = get_origin(one)
    return origin is Literal


def is_path(annotation: Annotation) -> bool:
    """Say whether a file or a folder is meant."""
    return any(_is_a(one, PurePath) for one in choices(annotation))


def is_secret(annotation: Annotation, name: str, *, declared: object = None) -> bool:
    """Say whether the field *name* is a secret: by its type, or a text with a telling name.

    What the field itself has *declared* beats its name: the names of secrets are none.
    """
    if any(_holds_secret(one) for one in choices(annotation)):
        return True
    if declared is not None:
        return bool(declared)
    # The password in a URL is masked anyway: a DSN can be shown, the address of a webhook cannot.
    is_url = any(hasattr(one, "unicode_string") for one in choices(annotation))
    is_told = has_telling_name(name.lower().removesuffix("dsn") if is_url else name)
    return (is_url or kind_of(annotation) is not Kind.PLAIN) and is_told


def is_secret_field(name: str, info: FieldInfo) -> bool:
    """Say whether the field *name* of a model is a secret, by all that *info* declares of it."""
    extra = info.json_schema_extra
    declared = extra.get("secret") if isinstance(extra, dict) else None
    return is_secret(info.annotation, name, declared=declared)


def has_telling_name(name: str) -> bool:
    """Say whether a text called *name* is taken for a secret."""
    return bool(_SECRET_NAME.search(name.lower()))


def accepts_bool(annotation: Annotation) -> bool:
    """Say whether true and false are values of *annotation* and not accidents."""
    allowed = choices(annotation)
    return not allowed or any(one in (bool, Any) or not isinstance(one, type) for one in allowed)


def describe(annotation: Annotation) -> str:
    """Return the type in words a reader of the reference knows."""
    names = [_describe_one(one) for one in choices(annotation)]
    return " or ".join(dict.fromkeys(names)) or "any"


def _is_text(one: Annotation) -> bool:
    return (isinstance(one, type) and issubclass(one, _TEXTS)) or _holds_plain_secret(one)


def _holds_plain_secret(one: Annotation) -> bool:
    origin: Any = get_origin(one)
    return isinstance(one if origin is None else origin, type) and hasattr(one, "get_secret_value")


def _holds_secret(one: Annotation) -> bool:
    if _holds_plain_secret(one):
        return True
    return any(_holds_secret(part) for arg in get_args(one) for part in choices(arg))


def has_keys(one: Annotation) -> bool:
    """Say whether the values of the type *one* are tables."""
    return _is_a(one, Mapping, BaseModel) or is_dataclass(one)


def _is_a(one: Annotation, *bases: type) -> bool:
    origin: Any = get_origin(one)
    found = one if origin is None else origin
    return isinstance(found, type) and issubclass(found, bases)


_WORDS = {
    "str": "text",
    "bool": "boolean",
    "int": "whole number",
    "float": "number",
    "timedelta": "duration",
}


def _describe_one(one: Annotation) -> str:
    if _holds_secret(one):
        return "secret"
    if isinstance(one, type) and issubclass(one, Enum):
        return ", ".join(f"`{each.value}`" for each in one)
    if has_keys(one):
        return "table"
    if isinstance(one, type) and not get_args(one):
        return _WORDS.get(one.__name__, one.__name__)
    if _is_a(one, Sequence, AbstractSet):
        return "list"
    return ", ".join(f"`{arg}`" for arg in get_args(one)) or str(one)
