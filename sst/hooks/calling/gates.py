"""Ask gates: one plugin after the other, each waited for."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from sst.hooks.calling.calls import (
    PLUGIN_ERRORS,
    Contribution,
    HookFailedError,
    HookProblem,
    ask,
    checked_answer,
    warn,
    watched,
)
from sst.hooks.calling.deadlines import in_thread
from sst.hooks.contract.run import Backup
from sst.tracing.spans import current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from sst.hooks.calling.calls import Arguments, Implementation

    During = Callable[[str], AbstractContextManager[object]]
    """Returns what is entered around the call of the plugin with this name."""


def gate(
    implementations: Iterable[Implementation],
    arguments: Arguments,
    *,
    during: During = nullcontext,
    on_answer: Callable[[Contribution], None] = lambda _: None,
) -> tuple[Contribution, ...]:
    """Ask one plugin after the other, here and now, and return the backups that they made.

    A plugin that may break and does so is a `HookProblem` among them.
    *on_answer* gets each of them before the next plugin is asked.
    Raises `HookFailedError` for the first other plugin that raises; those after it are not asked.
    """
    made = []
    for implementation in implementations:
        with during(implementation.plugin):
            answer = _answer(implementation, arguments)
        if isinstance(answer, Backup | HookProblem):
            made.append(Contribution(implementation.plugin, answer))
            on_answer(made[-1])
        elif answer is not None:
            warn(implementation, f"returned {type(answer).__name__}, which is ignored")
    return tuple(made)


def objections(
    implementations: Iterable[Implementation],
    arguments: Arguments,
    *,
    during: During = nullcontext,
) -> tuple[HookFailedError, ...]:
    """Ask every plugin, also after one that raises, and return what was raised."""
    found = []
    for implementation in implementations:
        try:
            gate([implementation], arguments, during=during)
        except HookFailedError as error:
            found.append(error)
    return tuple(found)


def _answer(implementation: Implementation, arguments: Arguments) -> Any:  # noqa: ANN401
    try:
        if implementation.terms.gate_seconds is None:
            return ask(implementation, arguments)
        return _ask_in_time(implementation, arguments, implementation.terms.gate_seconds)
    except HookFailedError as failed:
        if failed.veto or not implementation.terms.may_warn:
            raise
        what = f"{implementation.outcome(failed.error)}; the run goes on (on_error)"
        warn(implementation, what)
        return HookProblem(implementation.plugin, implementation.hook, what)


def _ask_in_time(implementation: Implementation, arguments: Arguments, seconds: float) -> Any:  # noqa: ANN401
    """Ask in a thread, which goes on after *seconds* although the plugin has failed then."""
    with watched(implementation.plugin, implementation.hook) as quota:
        answer = partial(checked_answer, implementation, arguments)
        call = in_thread(implementation, answer, quota).start()
        error = call.failure(seconds)
        if error is not None:
            current().fail(error)
    if isinstance(error, PLUGIN_ERRORS):
        raise HookFailedError(implementation, error) from error
    return call.result(0)
