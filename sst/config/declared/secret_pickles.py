"""A plugin's settings hold secrets: they are not pickled, and not shown by `repr`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, get_args

from pydantic import BaseModel

from sst.config.declared.annotations import choices, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from sst.config.declared.annotations import Annotation


def keep_secrets(model: type[BaseModel]) -> None:
    """Let no instance of *model*, nor of a model in it, be pickled when it holds a secret.

    Copies stay possible: pydantic makes them without pickling.
    A secret that is no `SecretStr` but only called like one is left out of `repr`.
    """
    for each in (model, *_models_in(model, {model})):
        for name, field in each.model_fields.items():
            field.repr = field.repr and not _is_secret(name, field)
        if _holds_secret(each, set()):
            each.__reduce__ = _refuse  # type: ignore[assignment, method-assign]


def _refuse(self: BaseModel) -> NoReturn:
    """Refuse to be pickled: a pickle would hold the secrets."""
    message = f"{type(self).__name__} is not pickled: it holds secrets"
    raise TypeError(message)


def _holds_secret(model: type[BaseModel], seen: set[type[BaseModel]]) -> bool:
    seen.add(model)
    if any(_is_secret(name, field) for name, field in model.model_fields.items()):
        return True
    return any(_holds_secret(each, seen) for each in _models_in(model, seen))


def _is_secret(name: str, field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    declared = extra.get("secret") if isinstance(extra, dict) else None
    return is_secret(field.annotation, name, declared=declared)


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
