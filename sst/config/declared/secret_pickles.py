"""A plugin's settings hold secrets: they are not pickled, and not shown by `repr`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, SupportsIndex, get_args

from pydantic import BaseModel, SecretBytes, SecretStr

from sst.config.declared.annotations import choices, has_telling_name, is_secret_field
from sst.redaction.redact import MASK, mask_credentials
from sst.redaction.urls import url_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.config.declared.annotations import Annotation

_MARK = "__sst_keeps_secrets__"
_KEPT = 64
"""Models that need not be looked at again with each of many databases."""


def keep_secrets(model: type[BaseModel]) -> None:
    """Let no instance of *model*, nor of a model in it, be pickled when it holds a secret.

    Copies stay possible: pydantic makes them without pickling.
    A secret that is no `SecretStr` but only called like one is left out of `repr`.
    """
    # pydantic completes a model at its first use where a name in it was not known before.
    _keep(model, is_complete=model.__pydantic_complete__)


@lru_cache(maxsize=_KEPT)
def _keep(model: type[BaseModel], *, is_complete: bool) -> None:  # noqa: ARG001 - a part of the key
    for each in (model, *_models_in(model, {model})):
        for name, field in each.model_fields.items():
            field.repr = field.repr and not is_secret_field(name, field)
        if _MARK not in vars(each):
            _guard(each, is_secret=_holds_secret(each, set()))
            _mask(each)


def _guard(model: type[BaseModel], *, is_secret: bool) -> None:
    """Ask every instance of *model* for secrets before it is pickled.

    This is asked before a `__reduce__` of the model's own. A field of the type `Any`, a dataclass
    or an unknown setting may hold a secret that no declaration names.
    """
    reduce = model.__reduce_ex__

    def guarded(self: BaseModel, protocol: SupportsIndex, /) -> str | tuple[Any, ...]:
        if is_secret or _has_secret(self):
            raise TypeError(
                f"{type(self).__name__} is not pickled: it holds secrets; "
                "hand another process only the values that it needs"
            )
        return reduce(self, protocol)

    setattr(model, _MARK, True)
    model.__reduce_ex__ = guarded  # type: ignore[method-assign, assignment]


def _mask(model: type[BaseModel]) -> None:
    """Let `repr` of every instance of *model* mask the URLs and the further keys that it holds."""
    shown = model.__repr_args__

    def masked(self: BaseModel) -> Iterator[tuple[str | None, Any]]:
        for name, value in shown(self):
            is_extra = name is not None and name in (self.model_extra or {})
            if is_extra and has_telling_name(str(name)):
                yield name, _Shown(repr(MASK))
            elif isinstance(value, BaseModel):
                yield name, value
            else:
                yield name, _Shown(mask_credentials(repr(value)))

    model.__repr_args__ = masked  # type: ignore[method-assign]


class _Shown(str):
    """A text that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the text itself."""
        return str(self)


def _is_url(value: object) -> bool:
    """Say whether *value* is a URL with a password in it."""
    is_one = isinstance(value, str) or hasattr(value, "unicode_string")
    return is_one and bool(url_secrets(str(value)))


def _has_secret(value: object) -> bool:
    """Say whether *value* has a secret in it, at whatever depth."""
    if isinstance(value, SecretStr | SecretBytes) or _is_url(value):
        return True
    if isinstance(value, BaseModel):
        extra = value.model_extra or {}
        is_told = any(has_telling_name(name) and isinstance(extra[name], str) for name in extra)
        return is_told or any(map(_has_secret, [*vars(value).values(), *extra.values()]))
    if is_dataclass(value) and not isinstance(value, type):
        return any(_has_secret(getattr(value, each.name, None)) for each in fields(value))
    if isinstance(value, Mapping):
        return any(map(_has_secret, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_has_secret, value))
    return False


def _holds_secret(model: type[BaseModel], seen: set[type[BaseModel]]) -> bool:
    seen.add(model)
    if any(is_secret_field(name, field) for name, field in model.model_fields.items()):
        return True
    return any(_holds_secret(each, seen) for each in _models_in(model, seen))


def _models_in(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """Yield the models in the fields of *model*, at whatever depth, that are not *seen* yet."""
    for field in model.model_fields.values():
        for found in _models_of(field.annotation):
            if found not in seen:
                seen.add(found)
                yield found
                yield from _models_in(found, seen)


def _models_of(annotation: Annotation) -> Iterator[Any]:
    for one in choices(annotation):
        if isinstance(one, type) and not get_args(one) and issubclass(one, BaseModel):
            yield one
        for part in get_args(one):
            yield from _models_of(part)


def models_with(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """Return *model* and the models in it, at whatever depth."""
    return (model, *_models_in(model, {model}))
