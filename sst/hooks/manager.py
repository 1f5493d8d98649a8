"""The plugins of one process: registered, validated, and called in the order of the settings.

pluggy registers the implementations and checks them against the specs. The calls are our own
loops over them, in our own order: pluggy's order inside a hook is undocumented, its exceptions
carry no plugin name, and one plugin's `tryfirst` would beat the order that the operator wrote.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pluggy

from sst.config.binding.policy import Choice
from sst.config.binding.validation_errors import masked
from sst.errors import ConfigError, Problem
from sst.hooks.calling import calls, collecting, gates
from sst.hooks.calling.around import around
from sst.hooks.calling.calls import (
    Contribution,
    HookFailedError,
    HookProblem,
    Implementation,
    Terms,
)
from sst.hooks.calling.deadlines import Deadlines
from sst.hooks.calling.observers import Observers
from sst.hooks.calling.timing import CallLog
from sst.hooks.contract import specs
from sst.hooks.contract.deprecation import deprecations_of
from sst.hooks.contract.marker import PROJECT_NAME
from sst.hooks.contract.specs import MODES, REVERSED, Mode
from sst.hooks.finding.discovery import Discovery, FoundPlugin, discover, discover_enabled
from sst.hooks.finding.hook_functions import hook_arguments
from sst.hooks.finding.instances import instantiate, secrets_of
from sst.hooks.finding.plugin_list import PluginEntry, list_all, unknown_names
from sst.hooks.finding.sources import find_candidates
from sst.hooks.finding.validation import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pydantic import BaseModel

    from sst.hooks.calling.gates import During

__all__ = [
    "Contribution",
    "Deadlines",
    "Discovery",
    "FoundPlugin",
    "HookFailedError",
    "HookProblem",
    "PluginEntry",
    "Plugins",
    "build",
    "call_order",
    "discover",
    "discover_enabled",
    "find_candidates",
    "list_all",
    "unknown_names",
]


_GRACE_SECONDS = 1.0


def build(
    found: Sequence[FoundPlugin],
    configs: Mapping[str, BaseModel],
    choice: Choice | None = None,
    *,
    deadlines: Deadlines | None = None,
    secrets: frozenset[str] = frozenset(),
) -> Plugins:
    """Create the plugins *found*, each with its settings from *configs*, in that order.

    *choice* is what the operator decided about them; *secrets* are masked, beside the plugin's
    own, in what its exceptions say.

    Raises `ConfigError` with every plugin that cannot be created.
    """
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(specs)
    problems: list[Problem] = []
    for plugin in found:
        problems += _register(manager, plugin, configs.get(plugin.name))
    if problems:
        raise ConfigError(masked(problem, secrets) for problem in problems)
    manager.check_pending()
    hidden = {each.name: secrets | secrets_of(configs.get(each.name)) for each in found}
    return Plugins(manager, found, hidden, Observers(deadlines or Deadlines()), choice)


class Plugins:
    """The enabled plugins; as long-lived as the runtime that built them."""

    def __init__(
        self,
        manager: pluggy.PluginManager,
        found: Sequence[FoundPlugin],
        secrets: Mapping[str, frozenset[str]],
        observers: Observers,
        choice: Choice | None = None,
    ) -> None:
        self.entries: tuple[PluginEntry, ...] = tuple(PluginEntry.of(plugin) for plugin in found)
        self._manager = manager
        self._found = {plugin.name: plugin for plugin in found}
        self._secrets = secrets
        self._observers = observers
        self._choice = choice or Choice()
        self._asked: dict[str, list[Implementation]] = {}
        self._hooks = frozenset[str]().union(*(plugin.hooks for plugin in found))
        self.log = CallLog()
        """The calls of every hook so far."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """The listed plugins that --no-plugin has left out."""
        return tuple(filter(self._choice.is_left_out, self._choice.policies))

    def implement(self, hook: str) -> bool:
        """Say whether one of the plugins implements *hook*."""
        return hook in self._hooks

    def close(self) -> None:
        """End the threads that observers keep."""
        self._observers.close()

    def first(self, hook: str, **arguments: Any) -> Any | None:  # noqa: ANN401 - the plugin's answer
        """Return the first plugin's answer that is not None.

        Raises `HookFailedError` for the first plugin that raises.
        """
        return calls.first(self._implementations(Mode.FIRST, hook, arguments), arguments)

    def collect(self, hook: str, **arguments: Any) -> tuple[Contribution, ...]:
        """Return the items of all answers, each with its plugin; a mapping is one item.

        A plugin that raises, and an item of a wrong type, is logged by name and left out.
        Raises `ConfigError` instead for `config_values` and `register_migrations`.
        """
        found = self._implementations(Mode.COLLECT, hook, arguments)
        return self._collected(hook, found, arguments)

    def answers(
        self, hook: str, *, left_out: Collection[str] = (), **arguments: Any
    ) -> tuple[tuple[Contribution, ...], tuple[HookProblem, ...]]:
        """Return what `collect` returns, and what it would only log.

        The plugins in *left_out* are not asked.
        """
        implementations = self._implementations(Mode.COLLECT, hook, arguments)
        asked = [each for each in implementations if each.plugin not in left_out]
        problems: list[HookProblem] = []
        found = self._collected(hook, asked, arguments, problems.append)
        return found, tuple(problems)

    def demand(self, hook: str, **arguments: Any) -> None:
        """Ask the required plugins for their items, before anything is touched.

        Raises `ConfigError` when one of them fails.
        """
        found = self._implementations(Mode.COLLECT, hook, arguments)
        self._collected(hook, [each for each in found if each.terms.is_required], arguments)

    def gate(
        self,
        hook: str,
        *,
        during: During = nullcontext,
        on_answer: Callable[[Contribution], None] = lambda _: None,
        **arguments: Any,
    ) -> tuple[Contribution, ...]:
        """Ask one plugin after the other and return the backups that they made.

        *during* gets a plugin's name, and what it returns is entered around the plugin's call;
        *on_answer* gets each backup, and each plugin that broke and may, as it is made.
        Raises `HookFailedError` for the first plugin that raises; those after it are not asked.
        """
        found = self._implementations(Mode.GATE, hook, arguments)
        return gates.gate(found, arguments, during=during, on_answer=on_answer)

    def objections(
        self, hook: str, *, during: During = nullcontext, **arguments: Any
    ) -> tuple[HookFailedError, ...]:
        """Ask every plugin of a gate, also after one that raises; return what was raised."""
        found = self._implementations(Mode.GATE, hook, arguments)
        return gates.objections(found, arguments, during=during)

    def around(
        self, hook: str, *, during: During = nullcontext, **arguments: Any
    ) -> AbstractContextManager[None]:
        """Return a context manager of all plugins' context managers, the first one outermost.

        What its body raises is raised, whatever a plugin makes of it. *during* gets a plugin's
        name, and what it returns is entered while the plugin itself is at work.
        """
        return around(self._implementations(Mode.AROUND, hook, arguments), arguments, during)

    def observe(
        self,
        hook: str,
        *,
        only: Collection[str] | None = None,
        **arguments: Any,
    ) -> tuple[HookProblem, ...]:
        """Call the observers, or *only* those named; return those that failed. Never raises."""
        found = self._implementations(Mode.OBSERVE, hook, arguments)
        chosen = (each for each in found if only is None or each.plugin in only)
        return self._observers.observe(chosen, arguments)

    def blame(self, plugin: str, hook: str, error: BaseException) -> HookFailedError:
        """Return *error*, which what *plugin* gave to *hook* raised, as the plugin's failure."""
        arguments = dict.fromkeys(hook_arguments(hook))
        found = self._implementations(MODES[hook], hook, arguments)
        [implementation] = [each for each in found if each.plugin == plugin]
        return HookFailedError(implementation, error)

    def _collected(
        self,
        hook: str,
        found: Sequence[Implementation],
        arguments: Mapping[str, Any],
        on_failure: Callable[[HookProblem], None] = lambda _: None,
    ) -> tuple[Contribution, ...]:
        expected = collecting.ITEM_TYPES.get(hook, object)
        seconds = self._observers.deadlines.collect_seconds
        return collecting.collect(found, arguments, expected, seconds, on_failure)

    def _implementations(
        self, mode: Mode, hook: str, arguments: Mapping[str, object]
    ) -> list[Implementation]:
        """Return who implements *hook*, in the order of the calls."""
        if MODES[hook] is not mode:
            raise TypeError(f"{hook} is called by {MODES[hook]}(), not by {mode}()")
        if set(arguments) != set(hook_arguments(hook)):
            raise TypeError(f"{hook} takes {hook_arguments(hook)}, not {tuple(arguments)}")
        if hook not in self._asked:
            order = call_order(hook, list(self._found))
            found = getattr(self._manager.hook, hook).get_hookimpls()
            found.sort(key=lambda each: order.index(each.plugin_name))
            self._asked[hook] = [self._implementation(hook, each) for each in found]
        return self._asked[hook]

    def _implementation(self, hook: str, found: pluggy.HookImpl) -> Implementation:
        plugin = self._found[found.plugin_name]
        return Implementation(
            plugin=plugin.name,
            hook=hook,
            function=found.function,
            parameters=(*found.argnames, *found.kwargnames),
            package=plugin.package,
            root=plugin.root,
            secrets=self._secrets.get(plugin.name, frozenset()),
            terms=self._terms(hook, plugin),
            log=self.log,
        )

    def _terms(self, hook: str, plugin: FoundPlugin) -> Terms:
        policy = self._choice.policies.get(plugin.name)
        if policy is None:
            return Terms()
        own = plugin.config_model.model_fields if plugin.config_model else {}
        seconds = policy.timeout_seconds
        if seconds is not None and "timeout_seconds" in own:
            # The key is shared: the plugin's own deadline is to come first.
            seconds += _GRACE_SECONDS
        return Terms(
            deadline_seconds=seconds,
            is_required=policy.required,
            gate_seconds=None if hook == "in_revision" else policy.gate_timeout_seconds,
            may_warn=policy.on_error == "warn" and hook in plugin.may_warn,
        )


def call_order(hook: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the plugins *names*, which are in the order of the settings, as *hook* calls them."""
    return tuple(reversed(names) if hook in REVERSED else names)


def _register(
    manager: pluggy.PluginManager, plugin: FoundPlugin, config: BaseModel | None
) -> list[Problem]:
    instance = instantiate(plugin, config)
    if isinstance(instance, Problem):
        return [instance]
    try:
        with deprecations_of(plugin.name, plugin.root):
            manager.register(instance, plugin.name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        # What validation has not seen, such as a hook that __init__ made.
        what = " ".join(str(error).split("\n", maxsplit=2)[:2])
        return [problem(plugin.name, f"does not fit: {what}", plugin.source)]
    return []
