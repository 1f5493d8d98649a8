"""The keys that the core reads in every plugin's section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from sst.config.declared.names import PLUGINS, fold
from sst.config.declared.schema import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


class PluginPolicy(Frozen):
    """The operator's policy for one plugin; in the plugin's own section, beside its keys."""

    enabled: bool = Field(
        True,  # noqa: FBT003 - pydantic's default
        description="Whether a listed plugin takes part; off: never imported, its settings stay.",
    )
    required: bool = Field(
        False,  # noqa: FBT003 - pydantic's default
        description="Nothing runs without it; what it registers may not fail.",
    )
    timeout_seconds: float | None = Field(
        None,
        gt=0,
        description="Deadline of each call of its observers and of its register_* hooks.",
    )
    gate_timeout_seconds: float | None = Field(
        None,
        gt=0,
        description="Deadline of each call of its gates, in_revision apart; after it the run is "
        "refused, and what the gate does goes on in its thread.",
    )
    on_error: Literal["abort", "warn"] = Field(
        "abort",
        description="The effect of a gate of it that breaks, where the plugin allows `warn`; "
        "a Veto always refuses.",
    )
    use: str | None = Field(
        None, description="The plugin that this is one more instance of, under its own name."
    )
    requires: str | None = Field(
        None, description="The distribution that it must come from, such as sst-slack>=1.2,<2."
    )

    @field_validator("use")
    @classmethod
    def _must_name(cls, use: str | None) -> str | None:
        if use is not None and not use.strip():
            raise ValueError("names no plugin")
        return use

    @field_validator("requires")
    @classmethod
    def _must_pin(cls, requires: str | None) -> str | None:
        if requires is not None and not _is_pin(requires):
            raise ValueError("should be a distribution and its versions: sst-slack>=1.2,<2")
        return requires


RESERVED = frozenset(PluginPolicy.model_fields)
"""The keys; a plugin whose own settings have one of them shares it with the core."""
_PARTS = 3  # plugins.NAME.key


def is_policy(path: Sequence[str]) -> bool:
    """Say whether *path* is a key that the core reads in a plugin's section."""
    return len(path) == _PARTS and fold(path[0]) == PLUGINS and fold(path[2]) in RESERVED


def _is_pin(text: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text)
    except InvalidRequirement:
        return False
    return not (found.url or found.marker or found.extras)
