"""What the models of settings share: marks, types of values, and the frozen base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr

from sst.redaction.never_pickled import NeverPickled

if TYPE_CHECKING:
    from pydantic.config import JsonDict

URL_MARK: JsonDict = {"url": True}
"""On a secret that is a URL: it may be shown without its password."""
PATH_MARK: JsonDict = {"path": True}
"""On a text that is a path: where --set gives a relative one, it starts at the working folder."""
DECLARED_MARK: JsonDict = {"declared": True}
"""On what only the section of an environment in settings.toml may say."""


def _none_when_empty(value: object) -> object:
    return None if value == "" else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_when_empty)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
]
Exposure = Annotated[Literal["token", "open", "off"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["text", "json"], BeforeValidator(_lower)]


class Frozen(NeverPickled, BaseModel):
    """Refuses unknown keys, changes, and to be pickled."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )
