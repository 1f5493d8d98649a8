"""Turn the words about one model into one validated instance, or into problems."""

from __future__ import annotations

import copy
import sys
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from sst.config.binding.merge import merge
from sst.config.binding.read_value import UnreadableError, contributing, convert, refuse_token
from sst.config.binding.validation_errors import Refusal, describe_refusals
from sst.config.declared.names import did_you_mean, fold
from sst.config.declared.nested import unknown_keys, written
from sst.config.declared.parts import over_defaults, read_parts, with_tables
from sst.config.declared.validation import validate_by_name
from sst.config.habits.list_markers import appended, grows
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.config.binding.values_by_setting import ValuesBySetting
    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import SourceValue, Value


@dataclass(frozen=True, slots=True)
class Bound:
    """A model's instance, or why there is none; what could be saved of it for the guards."""

    instance: BaseModel | None = field(repr=False)
    problems: tuple[Problem, ...] = ()
    is_assumed: bool = False
    """Whether the instance is to look at only: a secret in it stands for one that is missing."""


def bind_model(
    model: type[BaseModel],
    prefix: tuple[str, ...],
    values_by_setting: ValuesBySetting,
    *,
    fixed: Mapping[str, Any] | None = None,
    assume_secrets: bool = False,
) -> Bound:
    """Validate what is said below *prefix* as a *model*; *fixed* are fields that no source gives.

    Returns an instance without the wrong values beside the problems, where the rest is valid.
    With *assume_secrets* a missing secret is no problem.
    """
    fields = {fold(name) for name in model.model_fields}
    mine = [
        setting
        for path, setting in values_by_setting.catalog.settings.items()
        if path[: len(prefix)] == prefix and fields.intersection(path[len(prefix) :][:1])
    ]
    data, problems = _collect(mine, prefix, values_by_setting)
    data = with_tables(model, over_defaults(model, data)) | dict(fixed or {})
    found = _validate(model, data)
    if isinstance(found, BaseModel):
        return Bound(found, tuple(problems))
    told = describe_refusals(
        found, model, prefix, values_by_setting, data, assume_secrets=assume_secrets
    )
    known = {problem.subject for problem in problems}
    told = [problem for problem in told if problem.subject not in known]
    places = [error["loc"] for error in found.errors]
    is_assumed = assume_secrets and not (told or problems)
    kept = _with_empty(data, places) if is_assumed else _without(data, places)
    rest = _validate(model, kept) if kept else None
    instance = rest if isinstance(rest, BaseModel) else None
    return Bound(instance, (*problems, *told), is_assumed=is_assumed)


def _validate(model: type[BaseModel], data: Mapping[str, Any]) -> BaseModel | Refusal:
    try:
        return validate_by_name(model, data)
    except ValidationError as error:
        return Refusal(
            tuple(error.errors(include_input=False, include_url=False, include_context=False))
        )
    except Exception as error:  # noqa: BLE001 - a plugin's validator may raise anything
        frames = traceback.extract_tb(error.__traceback__)
        file = getattr(sys.modules.get(model.__module__), "__file__", None)
        frame = next((one for one in reversed(frames) if one.filename == file), frames[-1])
        return Refusal(broke=type(error).__name__, at=f"{frame.filename}:{frame.lineno}")


def _collect(
    settings: Sequence[Setting], prefix: tuple[str, ...], values_by_setting: ValuesBySetting
) -> tuple[dict[str, Any], list[Problem]]:
    data: dict[str, Any] = {}
    problems: list[Problem] = []
    for setting in settings:
        source_values = values_by_setting.about(setting)
        if not source_values:
            continue
        try:
            value = _value(source_values, setting)
            _put(data, setting.path[len(prefix) :], read_parts(value, setting))
        except UnreadableError as error:
            source = error.source or source_values[-1].source
            problems.append(Problem(setting.name, str(error), source, error.hint))
        else:
            problems += _unknown_inside(value, setting, values_by_setting)
    return data, problems


def _unknown_inside(
    value: Value, setting: Setting, values_by_setting: ValuesBySetting
) -> Iterator[Problem]:
    for place, known in unknown_keys(setting.annotation, value):
        subject = f"{setting.name}{written(place)}"
        source = values_by_setting.source_at(setting, place)
        yield Problem(subject, "is not a setting", source, did_you_mean(str(place[-1]), known))


def _value(source_values: Sequence[SourceValue], setting: Setting) -> Value:
    """Return the winner's value; a table is merged key by key, a list may grow."""
    if not setting.is_table:
        return _winner(source_values, setting)
    found: Value = {}
    for source_value in source_values:
        rest = source_value.path[len(setting.path) :]
        value = source_value.value if rest else convert(source_value, setting)
        for part in reversed(rest):
            value = {part: value}
        if isinstance(value, dict):
            table = found if isinstance(found, dict) else {}
            merge(table, value, setting.annotation, is_text=source_value.is_text)
            found = table
        elif setting.is_mapping:
            message = "is not a table"
            raise UnreadableError(message)
        else:
            found = value
    refuse_token(found, setting)
    return found


def _winner(source_values: Sequence[SourceValue], setting: Setting) -> Value:
    """Return the last value; a list that grows from that of the source below, or the default."""
    parts = contributing(source_values, setting)
    value = convert(parts[0], setting)
    if grows(value):
        value = appended(setting.default or (), value)
    for part in parts[1:]:
        if not isinstance(value, list):
            message = "is no list that the one above could be appended to"
            raise UnreadableError(message, source=parts[0].source)
        value = appended(value, convert(part, setting))
    return value


def _put(table: dict[str, Any], path: Sequence[str], value: Value) -> None:
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            message = "is a value here and a table there"
            raise UnreadableError(message)
    table[path[-1]] = value


def _with_empty(
    data: Mapping[str, Any], places: Sequence[tuple[int | str, ...]]
) -> dict[str, Any]:
    """Return *data* with nothing in the place of each missing secret: the rest is to be seen."""
    kept = copy.deepcopy(dict(data))
    for place in places:
        table: Any = kept
        for part in place[:-1]:
            table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[place[-1]] = ""
    return kept


def _without(data: Mapping[str, Any], places: Sequence[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return *data* without what pydantic refused: the guards still see the rest."""
    kept: dict[str, Any] = {k: dict(v) if isinstance(v, dict) else v for k, v in data.items()}
    for place in places:
        table: Any = kept
        for part in place[:-1]:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        if place and isinstance(table, dict):
            table.pop(place[-1], None)
    return kept
