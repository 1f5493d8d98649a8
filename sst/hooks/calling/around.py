"""Enter the plugins' context managers around a run's steps, so that none can hide a failure."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sst.hooks.calling.calls import PLUGIN_ERRORS, HookFailedError, guarded, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from sst.hooks.calling.calls import Arguments, Implementation
    from sst.hooks.calling.gates import During


@contextmanager
def around(
    implementations: Iterable[Implementation], arguments: Arguments, during: During = nullcontext
) -> Iterator[None]:
    """Enter every plugin's context manager, the first one outermost, and leave them in reverse.

    Raises what the body raises, whatever a plugin makes of it; `HookFailedError` when a plugin
    fails on entering, or on leaving a body that succeeded.
    """
    with ExitStack() as stack:
        for implementation in implementations:
            stack.enter_context(_Guarded(implementation, arguments, during))
        yield


class _Guarded:
    """A plugin's context manager whose exceptions carry its name and whose verdict is ignored."""

    def __init__(
        self, implementation: Implementation, arguments: Arguments, during: During
    ) -> None:
        self._during = during
        self._implementation = implementation
        self._arguments = arguments
        self._manager: AbstractContextManager[Any] | None = None

    def __enter__(self) -> None:
        try:
            with self._during(self._implementation.plugin):
                manager = self._enter()
        except PLUGIN_ERRORS as error:
            raise HookFailedError(self._implementation, error) from error
        self._manager = manager

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._manager is None:
            return
        try:
            with (
                self._during(self._implementation.plugin),
                guarded(self._implementation.plugin, self._implementation.hook),
                self._implementation.timed(),
            ):
                self._manager.__exit__(kind, error, trace)
        except PLUGIN_ERRORS as own:
            self._report(own, error)

    def _enter(self) -> AbstractContextManager[Any] | None:
        implementation = self._implementation
        with guarded(implementation.plugin, implementation.hook), implementation.timed():
            answer = self._implementation.answer(self._arguments)
            if answer is None:
                return None
            manager = _as_context_manager(answer)
            manager.__enter__()
        return manager

    def _report(self, own: BaseException, error: BaseException | None) -> None:
        if error is None:
            raise HookFailedError(self._implementation, own) from own
        if own is not error:
            told = self._implementation.describe_error(own)
            warn(self._implementation, f"raised {told} while the run was failing")


def _as_context_manager(answer: object) -> AbstractContextManager[Any]:
    if not isinstance(answer, AbstractContextManager):
        raise TypeError(f"returned {type(answer).__name__}, not a context manager")
    return answer
