"""Say why pydantic refused a value, in our words and without the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.config.declared.names import APP, fold
from sst.config.declared.nested import below, known_keys, members_at, written
from sst.errors import Problem
from sst.redaction.redact import redact
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
        is_own = prefix[:1] == (APP,)
        hint = "correct the validator" if is_own else "this is a fault of the plugin"
        return [Problem(".".join(prefix), what, refusal.at, hint)]
    secrets = values_by_setting.secrets()
    found = [
        _tell_one(error, prefix, values_by_setting, secrets, data)
        for error in refusal.errors
        if not (assume_secrets and _is_missing_secret(error, prefix, values_by_setting))
    ]
    return list(dict.fromkeys(found))


def masked(problem: Problem, secrets: frozenset[str], root: Path | None = None) -> Problem:
    """Return *problem* without the *secrets* that an exception of a plugin put into it.

    A file in the folder *root* is named as seen from there.
    """
    what, hint = redact(problem.what, secrets), redact(problem.hint, secrets)
    source = problem.source.removeprefix(f"{root}/") if root else problem.source
    return Problem(problem.subject, what, source, hint)


def _tell_one(
    error: ErrorDetails,
    prefix: tuple[str, ...],
    values_by_setting: ValuesBySetting,
    secrets: frozenset[str],
    data: Mapping[str, Any],
) -> Problem:
    setting = _setting_at(error, prefix, values_by_setting)
    if setting is None:
        place = (*prefix, *map(str, error["loc"]))
        source = values_by_setting.sources_below(place)
        return Problem(".".join(place), redact(message_of(error), secrets), source)
    if inside := _place_inside(error, setting, prefix, data):
        return _tell_inside(error, setting, inside, values_by_setting, secrets)
    if error["type"] == "missing":
        hint = f"set {setting.name}, {setting.name}_FILE or {setting.key}"
        return Problem(setting.name, "is required and has no value", "", hint)
    what = _withheld(error) if setting.is_secret else redact(message_of(error), secrets)
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
    what = _withheld(error) if is_secret else redact(message_of(error), secrets)
    if error["type"] == "missing":
        what = "is required and has no value"
    subject = f"{setting.name}{written(place)}"
    given = place[:-1] if error["type"] == "missing" else place
    return Problem(subject, what, values_by_setting.source_at(setting, given), _advice(error))


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
    annotation = setting.annotation
    rest = error["loc"][len(setting.path) - len(prefix) :]
    for position, step in enumerate(rest):
        key = _key_in(value, step, annotation)
        if key is not None:
            value = value[key]
        elif not (error["type"] == "missing" and position == len(rest) - 1):
            continue
        steps.append(step if key is None else key)
        annotation, _ = below(annotation, steps[-1])
    return tuple(steps) if _passes_a_model(setting, steps) else ()


def _key_in(value: Any, step: Step, annotation: Any) -> Step | None:  # noqa: ANN401
    """Return the key of *value* that *step* of pydantic's means, by whichever spelling."""
    if isinstance(value, list):
        return step if isinstance(step, int) and step < len(value) else None
    if not isinstance(value, dict) or isinstance(step, int):
        return None
    member = members_at(annotation).get(step)
    spelled = (step, *(member[1].spellings if member else ()))
    return next((one for one in spelled if one in value), None)


def _passes_a_model(setting: Setting, place: Sequence[Step]) -> bool:
    """Say whether a model is on the way to *place*; of a plain list the whole is told."""
    annotation = setting.annotation
    for step in place:
        if known_keys(annotation):
            return True
        annotation, _ = below(annotation, step)
    return bool(known_keys(annotation))


def message_of(error: ErrorDetails) -> str:
    """Return why pydantic refused a value, without the value."""
    if error["type"] in _MESSAGES:
        return _MESSAGES[error["type"]]
    text = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return first_line(text.removeprefix("Assertion failed, "))


_MESSAGES = {
    "time_delta_type": "should be a duration, such as 90s, 2h or 1d12h",
    "time_delta_parsing": "should be a duration, such as 90s, 2h or 1d12h",
    "model_type": "should be a table",
    "dataclass_type": "should be a table",
    "extra_forbidden": "is no key of this table",
    "union_tag_not_found": "does not say which of several tables it is",
}


def _withheld(error: ErrorDetails) -> str:
    """Return the message about a secret: a validator's own text may quote a part of it."""
    if error["type"] in {"value_error", "assertion_error"} or "custom" in error["type"]:
        return "was refused by its validator"
    return message_of(error)


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
