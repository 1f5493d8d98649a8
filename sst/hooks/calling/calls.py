"""Call the implementations of one hook: the mode decides what an answer and an exception mean."""

from __future__ import annotations

import inspect
import logging
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst.hooks.calling.isolation import isolated
from sst.hooks.calling.timing import CallLog
from sst.hooks.calling.traced import traced
from sst.hooks.contract.commands import Restored
from sst.hooks.contract.error_location import describe_error, location_of, shown
from sst.hooks.contract.marker import doubt_hook
from sst.hooks.contract.run import Veto
from sst.redaction.plugin_output import spending
from sst.redaction.redact import redact
from sst.tracing.spans import is_on
from sst.within import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sst.redaction.plugin_output import Quota

    Arguments = Mapping[str, Any]

logger = logging.getLogger("sst.plugins")

PLUGIN_ERRORS = (Exception, SystemExit)
"""A plugin's failures; Ctrl-C and the signals that end a run are not."""

ANSWER_TYPES: Mapping[str, type] = {
    "resolve_database_url": str,
    "copy_schema": AbstractContextManager,
    "restore_backup": Restored,
}
"""The type of the first answer, by hook."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's terms for calling this hook of a plugin."""

    deadline_seconds: float | None = None
    """Of an observer and of a collected answer; None is the usual one."""
    gate_seconds: float | None = None
    """Of a gate; None is as long as it takes."""
    is_required: bool = False
    """Whether what it contributes may not fail."""
    may_warn: bool = False
    """Whether breaking is a warning; a `Veto` never is."""


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
    terms: Terms = Terms()
    log: CallLog = field(default_factory=CallLog, repr=False)

    def call(self, arguments: Arguments) -> Any:  # noqa: ANN401 - the plugin's answer
        """Call the function with those of *arguments* that it asks for."""
        with self.timed():
            return self.answer(arguments)

    def answer(self, arguments: Arguments) -> Any:  # noqa: ANN401 - the plugin's answer
        """Call the function; who does more around it counts the time himself."""
        doubt_hook(self.plugin, self.hook, self.function)
        return self.function(*(arguments[name] for name in self.parameters))

    def timed(self) -> AbstractContextManager[None]:
        """Count the body as a call of this function."""
        return self.log.timed(self.plugin, self.hook)

    def describe_error(self, error: BaseException) -> str:
        """Return type and first line of *error*, without the plugin's secrets."""
        return redact(describe_error(error), self.secrets)

    def outcome(self, error: BaseException) -> str:
        """Return what the function did instead of ending: no answer, or what it raised where."""
        if isinstance(error, NoAnswerError):
            return str(error)
        place, what = self.place(error), f"raised {self.describe_error(error)}"
        return f"{what} [{place}]" if place else what

    def place(self, error: BaseException) -> str:
        """Return `plugins/x.py:3` for the plugin's line that *error* went through, or nothing."""
        place = location_of(error, self.package)
        return shown(place[0], self.root, place[1]) if place else ""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One item of a plugin's answer."""

    plugin: str
    value: Any


@dataclass(frozen=True, slots=True)
class HookProblem:
    """A hook that failed and changes no outcome; it was logged."""

    plugin: str
    hook: str
    what: str
    is_late: bool = False
    """Whether it gave no answer in time."""

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"plugin {self.plugin}, {self.hook}: {self.what}"


class HookFailedError(Exception):
    """A plugin's hook raised; internal: whoever calls the hook says what that means."""

    def __init__(self, implementation: Implementation, error: BaseException) -> None:
        self.plugin = implementation.plugin
        self.hook = implementation.hook
        self.error = error
        is_late = isinstance(error, NoAnswerError)
        self.reason = str(error) if is_late else implementation.describe_error(error)
        """Type and first line of *error*, without the plugin's secrets."""
        self.place = implementation.place(error)
        """`plugins/x.py:3`, or nothing."""
        super().__init__(f"plugin {self.plugin} failed in {self.hook}: {self.reason}")

    @property
    def why(self) -> str:
        """What the plugin said as a decision, or what it raised and where."""
        if self.veto:
            return self.veto.reason
        return f"{self.reason} [{self.place}]" if self.place else self.reason

    @property
    def veto(self) -> Veto | None:
        """The plugin's decision, when it was one and not a fault."""
        return self.error if isinstance(self.error, Veto) else None


def warn(implementation: Implementation, what: str) -> None:
    """Log *what* the plugin did."""
    warn_of(implementation.plugin, implementation.hook, what)


def warn_of(plugin: str, hook: str, what: str) -> None:
    """Log *what* the *plugin* did in *hook*."""
    logger.warning("plugin %s, %s: %s", plugin, hook, what, extra={"plugin": plugin, "hook": hook})


def first(implementations: Iterable[Implementation], arguments: Arguments) -> Any | None:  # noqa: ANN401
    """Return the first answer that is not None.

    Raises `HookFailedError` for the first plugin that raises.
    """
    for implementation in implementations:
        answer = ask(implementation, arguments, ANSWER_TYPES.get(implementation.hook, object))
        if answer is not None:
            return answer
    return None


def ask(implementation: Implementation, arguments: Arguments, expected: type = object) -> Any:  # noqa: ANN401
    """Return the plugin's answer, here and now; raises `HookFailedError` for what it raises."""
    try:
        with guarded(implementation.plugin, implementation.hook):
            return checked_answer(implementation, arguments, expected)
    except PLUGIN_ERRORS as error:
        raise HookFailedError(implementation, error) from error


def checked_answer(
    implementation: Implementation, arguments: Arguments, expected: type = object
) -> Any:  # noqa: ANN401 - the plugin's answer
    """Return the plugin's answer, which is *expected*; raises `TypeError`, or what it raises."""
    answer = implementation.call(arguments)
    _must_have_run(answer)
    _must_be(answer, expected)
    return answer


@contextmanager
def guarded(plugin: str, hook: str, *, is_one: bool = True) -> Iterator[None]:
    """Keep what the body does to the process from the next plugin, and bound what it prints.

    Without *is_one* the body is of several plugins, and *plugin* says which.
    """
    with watched(plugin, hook, is_one=is_one) as quota, spending(quota):
        yield


def watched(plugin: str, hook: str, *, is_one: bool = True) -> AbstractContextManager[Quota]:
    """Put back what *hook* of *plugin* changes, as `isolated` does, and log it by their names."""
    blame = partial(warn_of, plugin, hook)
    kept = isolated(f"plugin {plugin}, {hook}", blame, plugin if is_one else "")
    return traced(plugin, hook, kept) if is_on() else kept


def _must_have_run(answer: object) -> None:
    """Raise when *answer* is work that nothing would do, such as a backup that is a coroutine."""
    if inspect.iscoroutine(answer) or inspect.isgenerator(answer):
        answer.close()
        raise TypeError(f"returned a {type(answer).__name__}: its body has not run")


def _must_be(answer: object, expected: type) -> None:
    if answer is not None and not isinstance(answer, expected):
        raise TypeError(f"returned {type(answer).__name__}, not {expected.__name__}")
