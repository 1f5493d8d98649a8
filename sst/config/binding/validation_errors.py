"""Say why pydantic refused a value, in our words and without the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.config.declared.names import fold
from sst.config.declared.nested import below, known_keys, written
from sst.errors import Problem
from sst.redaction.redact import redact
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from sst.config.binding.values_by_setting import ValuesBySetting
    from sst.config.declared.nested import Step
    from sst.config.declared.setting import Setting


@dataclass(frozen=True, slots=True)
class Refusal:
    """The refusal of pydantic, without any input; or where a validator of the model broke."""

    errors: tuple[ErrorDetails, ...] = ()
    broke: str = ""
    at: str = ""


def describe_refusals(
    refusal: Refusal,
    model: type[BaseModel],
    prefix: tuple[str, ...],
    values_by_setting: ValuesBySetting,
    data: Mapping[str, Any],
    *,
    assume_secrets: bool,
) -> list[Problem]:
    """Return why *model* was refused *data*, each with the source of the value.

    With *assume_secrets* a missing secret is left out.
    """
    if refusal.broke:
        what = f"the validator of {model.__name__} raised {refusal.broke}"
        return [Problem(".".join(prefix), what, refusal.at, "this is a fault of the plugin")]
    secrets = values_by_setting.secrets()
    found = [
        _tell_one(error, prefix, values_by_setting, secrets, data)
        for error in refusal.errors
        if not (assume_secrets and _is_missing_secret(error, prefix, values_by_setting))
    ]
    return list(dict.fromkeys(found))


def masked(problem: Problem, secrets: frozenset[str]) -> Problem:
    """Return *problem* without the *secrets* that an exception of a plugin put into it."""
    what, hint = redact(problem.what, secrets), redact(problem.hint, secrets)
    return Problem(problem.subject, what, problem.source, hint)


def _tell_one(
    error: ErrorDetails,
    prefix: tuple[str, ...],
    values_by_setting: ValuesBySetting,
    secrets: frozenset[str],
    data: Mapping[str, Any],
) -> Problem:
    setting = _setting_at(error, prefix, values_by_setting)
    if setting is None:
        place = ".".join([*prefix, *map(str, error["loc"])])
        return Problem(place, redact(_message(error), secrets))
    if inside := _place_inside(error, setting, prefix, data):
        return _tell_inside(error, setting, inside, values_by_setting, secrets)
    if error["type"] == "missing":
        return Problem(
            setting.name,
            "is required and has no value",
            "",
            f"set {setting.name}, {setting.name}_FILE or {setting.key}",
        )
    what = _withheld(error) if setting.is_secret else redact(_message(error), secrets)
    return Problem(setting.name, what, values_by_setting.source(setting), _advice(error))


def _tell_inside(
    error: ErrorDetails,
    setting: Setting,
    place: tuple[Step, ...],
    values_by_setting: ValuesBySetting,
    secrets: frozenset[str],
) -> Problem:
    """Return what is wrong at *place* in the value of *setting*, a list or a table."""
    is_secret, annotation = setting.is_secret, setting.annotation
    for step in place:
        annotation, is_marked = below(annotation, step)
        is_secret = is_secret or is_marked
    what = _withheld(error) if is_secret else redact(_message(error), secrets)
    if error["type"] == "missing":
        what = "is required and has no value"
    subject = f"{setting.name}{written(place)}"
    return Problem(subject, what, values_by_setting.source(setting), _advice(error))


def _place_inside(
    error: ErrorDetails, setting: Setting, prefix: tuple[str, ...], data: Mapping[str, Any]
) -> tuple[Step, ...]:
    """Return where in the value of *setting* the *error* is; nothing for the whole of it.

    pydantic puts the names of a union's members between the keys: they are left out.
    """
    value: Any = data
    for part in setting.path[len(prefix) :]:
        value = value.get(part) if isinstance(value, dict) else None
    steps: list[Step] = []
    rest = error["loc"][len(setting.path) - len(prefix) :]
    for position, step in enumerate(rest):
        is_there = isinstance(value, dict) and step in value
        if is_there or (isinstance(value, list) and isinstance(step, int) and step < len(value)):
            value = value[step]
        elif not (error["type"] == "missing" and position == len(rest) - 1):
            continue
        steps.append(step)
    return tuple(steps) if _passes_a_model(setting, steps) else ()


def _passes_a_model(setting: Setting, place: Sequence[Step]) -> bool:
    """Say whether a model is on the way to *place*; of a plain list the whole is told."""
    annotation = setting.annotation
    for step in place:
        if known_keys(annotation):
            return True
        annotation, _ = below(annotation, step)
    return bool(known_keys(annotation))


def _message(error: ErrorDetails) -> str:
    text = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return first_line(text.removeprefix("Assertion failed, "))


def _withheld(error: ErrorDetails) -> str:
    """Return the message about a secret: a validator's own text may quote a part of it."""
    if error["type"] in {"value_error", "assertion_error"} or "custom" in error["type"]:
        return "was refused by its validator"
    return _message(error)


def _advice(error: ErrorDetails) -> str:
    return "put the value in quotes" if error["type"] == "string_type" else ""


def _is_missing_secret(
    error: ErrorDetails, prefix: tuple[str, ...], values_by_setting: ValuesBySetting
) -> bool:
    setting = _setting_at(error, prefix, values_by_setting)
    return error["type"] == "missing" and setting is not None and setting.is_secret


def _setting_at(
    error: ErrorDetails, prefix: tuple[str, ...], values_by_setting: ValuesBySetting
) -> Setting | None:
    """Return the setting that *error* is about; inside a list or a table, the whole of it."""
    parts = [part for part in error["loc"] if isinstance(part, str)]
    for length in range(len(parts), 0, -1):
        path = (*prefix, *(fold(part) for part in parts[:length]))
        found = values_by_setting.catalog.find(path)
        if found:
            return found[0]
    return None
