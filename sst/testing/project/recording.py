"""Write down, in the process of one command, which plugin was called for what, and the events.

Lines of JSON in a file: what a killed process has done is there too.
"""

from __future__ import annotations

import itertools
import json
import threading
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.hooks.calling.calls import Implementation
from sst.hooks.contract.run import Veto
from sst.hooks.manager import Plugins
from sst.testing.leaks import ProcessState
from sst.testing.project.outcome import HookCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType


def record(file: Path) -> Recorder:
    """Write every call of a hook and every event of this process to *file*, from now on.

    Functions of the core are replaced for this process, which ends with its one command.
    """
    recorder = Recorder(file)
    answer, observe = Implementation.answer, Plugins.observe

    def recorded_answer(implementation: Implementation, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        return recorder.call(implementation, arguments, answer)

    def recorded_observe(plugins: Plugins, hook: str, **options: Any) -> Any:  # noqa: ANN401
        if hook == "notify":
            recorder.write(event=options["event"].to_dict())
        return observe(plugins, hook, **options)

    Implementation.answer = recorded_answer  # type: ignore[method-assign, assignment]
    Plugins.observe = recorded_observe  # type: ignore[method-assign, assignment]
    return recorder


class Recorder:
    """Writes the lines of one process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def write(self, **line: Any) -> None:
        """Append *line*; observers write from threads of their own.

        A disk that is full must not become the plugin's failure.
        """
        with self._lock, suppress(OSError), self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def call(
        self,
        implementation: Implementation,
        arguments: Mapping[str, Any],
        function: Callable[..., Any],
    ) -> Any:  # noqa: ANN401
        """Call *implementation* and write down how it began and how it ended."""
        ending, before = self._began(implementation, arguments), ProcessState.now()
        try:
            answer = function(implementation, arguments)
        except BaseException as error:
            ending.raised(error)
            raise
        finally:
            # The platform puts it back when this returns; it is a fault of the plugin still.
            for change in before.changes():
                self.write(leak=f"{implementation.plugin}, {implementation.hook}: {change}")
        if implementation.hook == "around_migrate" and isinstance(answer, AbstractContextManager):
            return _Around(answer, ending)
        ending.returned()
        return answer

    def _began(self, implementation: Implementation, arguments: Mapping[str, Any]) -> _Ending:
        number = next(self._numbers)
        self.write(
            call=number,
            hook=implementation.hook,
            plugin=implementation.plugin,
            revision=_revision(arguments),
        )
        return _Ending(self, number, implementation)


class _Ending:
    """How one call ended."""

    def __init__(self, recorder: Recorder, number: int, implementation: Implementation) -> None:
        self._recorder = recorder
        self._number = number
        self._implementation = implementation

    def returned(self) -> None:
        self._recorder.write(end=self._number, outcome="returned", error="")

    def raised(self, error: BaseException) -> None:
        outcome = "vetoed" if isinstance(error, Veto) else "raised"
        told = self._implementation.describe_error(error)
        self._recorder.write(end=self._number, outcome=outcome, error=told)


class _Around(AbstractContextManager[Any]):
    """A plugin's context manager; its call ends when it is left."""

    def __init__(self, manager: AbstractContextManager[Any], ending: _Ending) -> None:
        self._manager = manager
        self._ending = ending

    def __enter__(self) -> Any:  # noqa: ANN401 - whatever the plugin's returns
        try:
            return self._manager.__enter__()
        except BaseException as error:
            self._ending.raised(error)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            answer = self._manager.__exit__(kind, error, trace)
        except BaseException as own:
            if own is not error:
                self._ending.raised(own)
                raise
            self._ending.returned()
            raise
        self._ending.returned()
        return answer


@dataclass(frozen=True)
class Record:
    """The record of one process, in order."""

    calls: tuple[HookCall, ...] = ()
    events: tuple[dict[str, Any], ...] = ()
    leaks: tuple[str, ...] = ()


def read_record(file: Path) -> Record:
    """Return what *file* says; it may be missing."""
    if not file.exists():
        return Record()
    text = file.read_text(encoding="utf-8")
    # A process that was killed may have left half a line at the end.
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    ends = {line["end"]: line for line in lines if "end" in line}
    calls = tuple(_call(line, ends) for line in lines if "call" in line)
    return Record(
        calls,
        events=tuple(line["event"] for line in lines if "event" in line),
        leaks=tuple(line["leak"] for line in lines if "leak" in line),
    )


def _call(begun: Mapping[str, Any], ends: Mapping[int, Mapping[str, Any]]) -> HookCall:
    end = ends.get(begun["call"], {"outcome": "unfinished", "error": ""})
    return HookCall(
        hook=begun["hook"],
        plugin=begun["plugin"],
        outcome=end["outcome"],
        revision=begun["revision"],
        error=end["error"],
    )


def _revision(arguments: Mapping[str, Any]) -> str | None:
    if "revision" in arguments:
        found: str | None = arguments["revision"].id
        return found
    about = arguments.get("event") or arguments.get("failure")
    return getattr(about, "revision", None)
