"""Call the implementations of one hook: the mode decides what an answer and an exception mean."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.config.redact import redact
from app.errors import ConfigError, Problem
from app.hooks.places import place_of, shown, told
from app.hooks.timing import CallLog
from app.hooks.types import Backup, Check, Migrations, Veto

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    Arguments = Mapping[str, Any]

logger = logging.getLogger("sst.plugins")

PLUGIN_ERRORS = (Exception, SystemExit)
"""What is a plugin's failure; Ctrl-C and the signals that end a run are not."""

ITEM_TYPES: Mapping[str, type] = {
    "config_values": Mapping,
    "register_checks": Check,
    "register_migrations": Migrations,
}
"""What an item of a collected answer must be; commands and routers are checked by their rooms."""

_STRICT = frozenset({"config_values", "register_migrations"})
"""Hooks whose failure is exit 2: going on would use half the settings, or half the history."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's function for one hook."""

    plugin: str
    hook: str
    function: Callable[..., Any] = field(repr=False)
    parameters: tuple[str, ...] = ()
    """The arguments that it asks for, in its order."""
    package: str = ""
    """The package that holds the plugin's code."""
    root: Path = Path()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """The plugin's secret settings: they are masked in what its exceptions say."""
    log: CallLog = field(default_factory=CallLog, repr=False)

    def call(self, arguments: Arguments) -> Any:  # noqa: ANN401 - the plugin's answer
        """Call the function with those of *arguments* that it asks for."""
        with self.timed():
            return self.answer(arguments)

    def answer(self, arguments: Arguments) -> Any:  # noqa: ANN401 - the plugin's answer
        """Call the function; who does more around it counts the time himself."""
        return self.function(*(arguments[name] for name in self.parameters))

    def timed(self) -> AbstractContextManager[None]:
        """Count the body as a call of this function."""
        return self.log.timed(self.plugin, self.hook)

    def told(self, error: BaseException) -> str:
        """Return type and first line of *error*, without the plugin's secrets."""
        return redact(told(error), self.secrets)

    def place(self, error: BaseException) -> str:
        """Return `plugins/x.py:3` for the plugin's line that *error* went through, or nothing."""
        place = place_of(error, self.package)
        return shown(place[0], self.root, place[1]) if place else ""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One item of a plugin's answer."""

    plugin: str
    value: Any


class HookFailedError(Exception):
    """A plugin's hook raised; internal: whoever calls the hook says what that means."""

    def __init__(self, implementation: Implementation, error: BaseException) -> None:
        self.plugin = implementation.plugin
        self.hook = implementation.hook
        self.error = error
        self.reason = implementation.told(error)
        """Type and first line of *error*, without the plugin's secrets."""
        self.place = implementation.place(error)
        """`plugins/x.py:3`, or nothing."""
        super().__init__(f"plugin {self.plugin} failed in {self.hook}: {self.reason}")

    @property
    def veto(self) -> Veto | None:
        """The plugin's decision, when it was one and not a fault."""
        return self.error if isinstance(self.error, Veto) else None


def warn(implementation: Implementation, what: str) -> None:
    """Log *what* the plugin did."""
    plugin, hook = implementation.plugin, implementation.hook
    logger.warning("plugin %s, %s: %s", plugin, hook, what, extra={"plugin": plugin, "hook": hook})


def first(implementations: Iterable[Implementation], arguments: Arguments) -> Any | None:  # noqa: ANN401
    """Return the first answer that is not None.

    Raises `HookFailedError` for the first plugin that raises.
    """
    for implementation in implementations:
        answer = _answer(implementation, arguments)
        if answer is not None:
            return answer
    return None


def gate(
    implementations: Iterable[Implementation],
    arguments: Arguments,
    on_enter: Callable[[str], None] | None = None,
) -> tuple[Contribution, ...]:
    """Ask one plugin after the other, here and now, and return the backups that they made.

    *on_enter* gets a plugin's name before the plugin is asked.
    Raises `HookFailedError` for the first plugin that raises; those after it are not asked.
    """
    made = []
    for implementation in implementations:
        if on_enter:
            on_enter(implementation.plugin)
        answer = _answer(implementation, arguments)
        if isinstance(answer, Backup):
            made.append(Contribution(implementation.plugin, answer))
        elif answer is not None:
            warn(implementation, f"returned {type(answer).__name__}, which is ignored")
    return tuple(made)


def collect(
    implementations: Iterable[Implementation], arguments: Arguments, expected: type
) -> tuple[Contribution, ...]:
    """Return the items of all answers, each with its plugin; what is not *expected* is left out.

    Raises `ConfigError` with every problem for the hooks that a run cannot do without.
    """
    items: list[Contribution] = []
    problems: list[Problem] = []
    for implementation in implementations:
        try:
            values = _items(implementation, arguments, expected)
        except PLUGIN_ERRORS as error:
            problems += _left_out(implementation, error)
        else:
            items += (Contribution(implementation.plugin, value) for value in values)
    if problems:
        raise ConfigError(problems)
    return tuple(items)


def _answer(implementation: Implementation, arguments: Arguments) -> Any:  # noqa: ANN401
    try:
        answer = implementation.call(arguments)
        _must_have_run(answer)
    except PLUGIN_ERRORS as error:
        raise HookFailedError(implementation, error) from error
    return answer


def _must_have_run(answer: object) -> None:
    """Raise when *answer* is work that nobody would do, such as a backup that is a coroutine."""
    if inspect.iscoroutine(answer) or inspect.isgenerator(answer):
        answer.close()
        raise TypeError(f"returned a {type(answer).__name__}: its body has not run")


def _items(
    implementation: Implementation, arguments: Arguments, expected: type
) -> Sequence[object]:
    answer = implementation.call(arguments)
    values = _flat(answer)
    wrong = [type(value).__name__ for value in values if not isinstance(value, expected)]
    if wrong and implementation.hook in _STRICT:
        raise TypeError(f"returned {wrong[0]}, not {expected.__name__}")
    for name in wrong:
        warn(implementation, f"returned {name}, not {expected.__name__}; it is left out")
    return [value for value in values if isinstance(value, expected)]


def _flat(answer: object) -> list[object]:
    if answer is None:
        return []
    if isinstance(answer, Iterable) and not isinstance(answer, str | bytes | Mapping):
        return list(answer)
    return [answer]


def _left_out(implementation: Implementation, error: BaseException) -> list[Problem]:
    """Log what went wrong; return it as a problem where going on would be wrong."""
    place = implementation.place(error)
    if implementation.hook not in _STRICT:
        warn(implementation, f"raised {implementation.told(error)} [{place}]; it is left out")
        return []
    # A secret store's exception may hold a token: its text is not printed.
    what = f"{implementation.hook} raised {type(error).__name__}"
    return [Problem(f"plugin {implementation.plugin}", what, place)]
