"""Values for a model by the names of its fields, whatever aliases it has, in every pydantic."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pydantic
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_NAME = (2, 11)
"""Since this version of pydantic a call says whether names or aliases are meant."""


def validate_by_name(model: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """Return *model* made from *values*, whose keys are names of fields, deeper ones aliases too.

    Raises pydantic's `ValidationError`, and whatever a validator of the model raises.
    """
    if tuple(map(int, pydantic.VERSION.split(".")[:2])) >= _BY_NAME:
        return model.model_validate(dict(values), by_alias=True, by_name=True)
    return _named(model).model_validate(dict(values))


@cache
def _named(model: type[BaseModel]) -> type[BaseModel]:
    """Return *model*, or where it has aliases a child of it that takes the names as well."""
    if not any(field.validation_alias for field in model.model_fields.values()):
        return model
    words = {"model_config": ConfigDict(populate_by_name=True, loc_by_alias=False)}
    return type(model.__name__, (model,), {"__module__": model.__module__, **words})
