"""The keys that the core reads in every plugin's section, and which plugins they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from sst.config.binding.bind import bind_model
from sst.config.declared.names import PLUGINS, fold, key_of, section_path
from sst.config.declared.schema import Frozen
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.config.binding.values_by_setting import Spoken


class PluginPolicy(Frozen):
    """What an operator decides about one plugin; in the plugin's own section, beside its keys."""

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
    on_error: Literal["abort", "warn"] = Field(
        "abort",
        description="What a gate of it that breaks does, where the plugin allows `warn`; "
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


@dataclass(frozen=True, slots=True)
class Choice:
    """What the settings say of the listed plugins, before any of them is imported."""

    policies: Mapping[str, PluginPolicy] = field(default_factory=dict)
    """Of every plugin in plugins.enabled, in its order."""
    left_out: tuple[str, ...] = ()
    """Those that --no-plugin names, as the operator wrote them."""

    @property
    def active(self) -> tuple[str, ...]:
        """The plugins to import, in their order."""
        return tuple(
            name
            for name, policy in self.policies.items()
            if policy.enabled and not self.is_left_out(name)
        )

    def modules(self, names: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return the plugins whose code the listed ones are, or *names*; each of them once."""
        chosen = self.policies if names is None else names
        return tuple(dict.fromkeys(self.policies[name].use or name for name in chosen))

    def is_left_out(self, name: str) -> bool:
        """Say whether --no-plugin names the plugin *name*."""
        return fold(name) in map(fold, self.left_out)


def choose(
    enabled: Sequence[str], left_out: tuple[str, ...], spoken: Spoken
) -> tuple[Choice, list[Problem]]:
    """Return the policies of the plugins *enabled*, and what is wrong with them.

    The catalogue of *spoken* must know no plugin's own settings: a key that is shared is read
    here as the core reads it.
    """
    bound = {name: bind_model(PluginPolicy, section_path(name), spoken) for name in enabled}
    policies = {name: one.instance or PluginPolicy() for name, one in bound.items()}
    choice = Choice(
        {name: one for name, one in policies.items() if isinstance(one, PluginPolicy)}, left_out
    )
    problems = [problem for one in bound.values() for problem in one.problems]
    return choice, [*problems, *_missing(choice, spoken)]


def unlisted(enabled: Sequence[str], spoken: Spoken) -> Iterator[Problem]:
    """Yield the plugins that are required, by a section of theirs, and not *enabled*."""
    listed = set(map(fold, enabled))
    sections = {path[1] for path in spoken.by_setting if is_policy(path)}
    for name in sorted(sections - listed):
        policy = bind_model(PluginPolicy, section_path(name), spoken).instance
        if isinstance(policy, PluginPolicy) and policy.required:
            hint = f'add "{name}" to plugins.enabled, or take away the line'
            yield _refusal(name, "is required and not in plugins.enabled", spoken, hint)


def _missing(choice: Choice, spoken: Spoken) -> Iterator[Problem]:
    """Yield the required plugins that would not take part."""
    for name, policy in choice.policies.items():
        if policy.required and not policy.enabled:
            hint = f"remove plugins.{name}.enabled, or the line that requires it"
            yield _refusal(name, "is required and switched off", spoken, hint)
        if policy.required and choice.is_left_out(name):
            hint = f"leave out --no-plugin {name}, or the line that requires it"
            yield _refusal(name, "is required, and --no-plugin leaves it out", spoken, hint)


def _refusal(name: str, what: str, spoken: Spoken, hint: str) -> Problem:
    path = (*section_path(name), "required")
    return Problem(key_of(path), what, spoken.source(spoken.catalog.settings[path]), hint)


def _is_pin(text: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text)
    except InvalidRequirement:
        return False
    return not (found.url or found.marker or found.extras)
