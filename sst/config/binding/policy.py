"""Which of the listed plugins take part, by what the operator decided about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sst.config.binding.bind import bind_model
from sst.config.declared.names import fold, key_of, section_path
from sst.config.declared.plugin_policy import PluginPolicy, is_policy
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.config.binding.values_by_setting import ValuesBySetting


@dataclass(frozen=True, slots=True)
class Choice:
    """The operator's choice of plugins, before any of them is imported."""

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
    enabled: Sequence[str], left_out: tuple[str, ...], values_by_setting: ValuesBySetting
) -> tuple[Choice, list[Problem]]:
    """Return the policies of the plugins *enabled*, and what is wrong with them.

    The catalog of *values_by_setting* must know no plugin's own settings: a key that is shared
    is read here as the core reads it.
    """
    bound = {
        name: bind_model(PluginPolicy, section_path(name), values_by_setting) for name in enabled
    }
    policies = {name: one.instance or PluginPolicy() for name, one in bound.items()}
    choice = Choice(
        {name: one for name, one in policies.items() if isinstance(one, PluginPolicy)}, left_out
    )
    problems = [problem for one in bound.values() for problem in one.problems]
    return choice, [*problems, *_missing(choice, values_by_setting)]


def unlisted(enabled: Sequence[str], values_by_setting: ValuesBySetting) -> Iterator[Problem]:
    """Yield the plugins that are required, by a section of theirs, and not *enabled*."""
    listed = set(map(fold, enabled))
    sections = {path[1] for path in values_by_setting.by_setting if is_policy(path)}
    for name in sorted(sections - listed):
        policy = bind_model(PluginPolicy, section_path(name), values_by_setting).instance
        if isinstance(policy, PluginPolicy) and policy.required:
            hint = f'add "{name}" to plugins.enabled, or take away the line'
            yield _refusal(name, "is required and not in plugins.enabled", values_by_setting, hint)


def _missing(choice: Choice, values_by_setting: ValuesBySetting) -> Iterator[Problem]:
    """Yield the required plugins that would not take part."""
    for name, policy in choice.policies.items():
        if policy.required and not policy.enabled:
            hint = f"remove plugins.{name}.enabled, or the line that requires it"
            yield _refusal(name, "is required and switched off", values_by_setting, hint)
        if policy.required and choice.is_left_out(name):
            hint = f"leave out --no-plugin {name}, or the line that requires it"
            yield _refusal(
                name, "is required, and --no-plugin leaves it out", values_by_setting, hint
            )


def _refusal(name: str, what: str, values_by_setting: ValuesBySetting, hint: str) -> Problem:
    path = (*section_path(name), "required")
    return Problem(
        key_of(path),
        what,
        values_by_setting.source(values_by_setting.catalog.settings[path]),
        hint,
    )
