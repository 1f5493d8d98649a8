"""Collect what plugins contribute, in time; who fails is left out, or is a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from sst.config.sources.target import Target
from sst.errors import ConfigError, Problem
from sst.hooks.calling.calls import Contribution, HookProblem, warn, watched
from sst.hooks.calling.deadlines import in_thread
from sst.hooks.contract.checks import Check
from sst.hooks.contract.fleet.engines import NamedEngine
from sst.hooks.contract.plan.finding import Finding
from sst.hooks.contract.revisions import Migrations
from sst.redaction.redact import redact
from sst.tracing.spans import current
from sst.within import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.hooks.calling.calls import Arguments, Implementation

    OnFailure = Callable[[HookProblem], None]

ITEM_TYPES: Mapping[str, type] = {
    "config_values": Mapping,
    "judge": Finding,
    "list_targets": Target,
    "register_checks": Check,
    "register_engines": NamedEngine,
    "register_middleware": Callable,  # type: ignore[dict-item] # isinstance() takes it
    "register_migrations": Migrations,
}
"""The type of an item of a collected answer; commands and routers are checked by their rooms."""

_STRICT = frozenset(
    {"config_values", "list_targets", "register_middleware", "register_migrations"}
)
"""Hooks whose failure is exit 2: going on would use half the settings, half the history, half the
databases, or an application without what guards it."""


def collect(
    implementations: Iterable[Implementation],
    arguments: Arguments,
    expected: type,
    seconds: float,
    on_failure: OnFailure = lambda _: None,
) -> tuple[Contribution, ...]:
    """Return the items of all answers, each with its plugin; what is not *expected* is left out.

    A plugin has *seconds* to answer, unless its terms say otherwise. *on_failure* gets what is
    left out.
    Raises `ConfigError` with every problem for the hooks that a run cannot do without, and for
    the plugins that it cannot do without.
    """
    items: list[Contribution] = []
    problems: list[Problem] = []
    for implementation in implementations:
        answer = partial(_items, implementation, arguments, expected, on_failure)
        with watched(implementation.plugin, implementation.hook) as quota:
            call = in_thread(implementation, answer, quota).start()
            error = call.failure(implementation.terms.deadline_seconds or seconds)
            if error is not None:
                current().fail(error)
        if error is not None:
            problems += _left_out(implementation, error, on_failure)
        else:
            items += (Contribution(implementation.plugin, value) for value in call.result(0))
    if problems:
        raise ConfigError(problems)
    return tuple(items)


def _items(
    implementation: Implementation,
    arguments: Arguments,
    expected: type,
    on_failure: OnFailure,
) -> Sequence[object]:
    answer = implementation.call(arguments)
    values = _flat(answer)
    wrong = [type(value).__name__ for value in values if not isinstance(value, expected)]
    if wrong and _is_strict(implementation):
        raise TypeError(f"returned {wrong[0]}, not {expected.__name__}")
    for name in wrong:
        _log(implementation, f"returned {name}, not {expected.__name__}", on_failure)
    return [value for value in values if isinstance(value, expected)]


def _flat(answer: object) -> list[object]:
    if answer is None:
        return []
    if isinstance(answer, Iterable) and not isinstance(answer, str | bytes | Mapping):
        return list(answer)
    return [answer]


def _log(
    implementation: Implementation, what: str, on_failure: OnFailure, *, is_late: bool = False
) -> None:
    warn(implementation, f"{what}; it is left out")
    on_failure(HookProblem(implementation.plugin, implementation.hook, what, is_late=is_late))


def _left_out(
    implementation: Implementation, error: BaseException, on_failure: OnFailure
) -> list[Problem]:
    """Log what went wrong; return it as a problem where going on would be wrong."""
    if not _is_strict(implementation):
        is_late = isinstance(error, NoAnswerError)
        _log(implementation, implementation.outcome(error), on_failure, is_late=is_late)
        return []
    if isinstance(error, ConfigError):
        return [_told(implementation, each) for each in error.problems]
    what = f"raised {type(error).__name__}"
    if isinstance(error, NoAnswerError):
        what = f"gave {error}"
    elif implementation.hook not in _STRICT:
        # A secret store's exception may hold a token: its text is not printed.
        what = f"raised {implementation.describe_error(error)}"
    subject, place = f"plugin {implementation.plugin}", implementation.place(error)
    return [Problem(subject, f"{implementation.hook} {what}", place)]


def _told(implementation: Implementation, problem: Problem) -> Problem:
    """Return what the plugin itself says is wrong, without its secrets."""
    hidden = implementation.secrets
    return Problem(
        redact(problem.subject, hidden),
        redact(problem.what, hidden),
        redact(problem.source, hidden) or f"plugin {implementation.plugin}",
        redact(problem.hint, hidden),
    )


def _is_strict(implementation: Implementation) -> bool:
    return implementation.hook in _STRICT or implementation.terms.is_required
