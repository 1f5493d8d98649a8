"""Values for a model by the names of its fields, whatever aliases it has, in every pydantic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic

from sst.config.declared.nested import below, members_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from sst.config.declared.annotations import Annotation

_BY_NAME = (2, 11)
"""Since this version of pydantic a call says whether names or aliases are meant."""


def validate_by_name(model: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """Return *model* made from *values*, whose keys are names of fields or aliases, at any depth.

    Raises pydantic's `ValidationError`, and whatever a validator of the model raises.
    """
    if tuple(map(int, pydantic.VERSION.split(".")[:2])) >= _BY_NAME:
        return model.model_validate(dict(values), by_alias=True, by_name=True)
    return model.model_validate(by_alias(model, dict(values)))


def by_alias(annotation: Annotation, value: Any) -> Any:  # noqa: ANN401 - any value
    """Return *value* of the type *annotation* with an alias for each key that has one."""
    if isinstance(value, list | tuple):
        return [by_alias(below(annotation, i)[0], one) for i, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    members = members_at(annotation)
    return {
        members[key][1].alias if key in members else key: by_alias(below(annotation, key)[0], one)
        for key, one in value.items()
    }
