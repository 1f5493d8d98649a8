"""The run, its revisions and their attempts as spans of a trace; nothing where traces are off."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sst.tracing.database import database_attributes
from sst.tracing.spans import current, is_on, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sst.migrator.run.progress import Progress
    from sst.migrator.table_locks.blockers import Blocker
    from sst.migrator.values.context import Context
    from sst.migrator.values.report import Report
    from sst.tracing.spans import Span


class TracedRun:
    """The span of a run."""

    def __init__(self, made: Span) -> None:
        self._span = made

    def end(self, report: Report) -> None:
        """Say how the run ended."""
        self._span.set(
            {
                "sst.run.before": report.before,
                "sst.run.after": report.after,
                "sst.run.applied": len(report.applied),
                "sst.run.is_recorded": report.run_id is not None,
            }
        )
        if report.error:
            self._span.fail(report.error)


@contextmanager
def traced_run(context: Context, progress: Progress) -> Iterator[TracedRun]:
    """Let the body be the span of a run."""
    if not is_on():
        yield TracedRun(current())
        return
    request = progress.request
    attributes = {
        **database_attributes(context.url),
        "sst.run.id": progress.run_id,
        "sst.run.command": request.direction.value,
        "sst.run.target": request.target,
        "deployment.environment.name": context.environment,
    }
    with span(f"run {request.direction.value}", attributes) as made:
        yield TracedRun(made)


class TracedAttempts:
    """The span of a revision, and of each of its attempts below it."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._stack = ExitStack()
        self._revision = self._attempt = current()
        self._number = 0
        self._error: BaseException | None = None
        """What ended the last attempt."""

    @contextmanager
    def revision(self, progress: Progress) -> Iterator[None]:
        """Let the body be the span of the current step, from its first attempt to its commit."""
        step = progress.current_step
        if step is None or not is_on():
            yield
            return
        attributes = {
            "sst.revision.id": step.revision.id,
            "sst.revision.description": step.revision.description,
            "sst.revision.direction": progress.request.direction.value,
        }
        with span(f"revision {step.revision.id}", attributes) as self._revision:
            try:
                yield
            finally:
                self._stack.close()
                if self._error:
                    self._revision.fail(self._error)

    def begin(self, number: int, settings: Mapping[str, str]) -> None:
        """Begin attempt *number*, with the timeouts of *settings*, in ms."""
        self._number, self._error = number, None
        if is_on():
            timeouts = {f"sst.attempt.{name}_ms": int(value) for name, value in settings.items()}
            attributes = {"sst.attempt.number": number, **timeouts}
            self._attempt = self._stack.enter_context(span("attempt", attributes))

    def fail(self, error: BaseException, blockers: Sequence[Blocker]) -> None:
        """End the attempt, which *error* ended; *blockers* were in its way."""
        self._attempt.fail(error)
        for blocker in blockers if is_on() else ():
            self._attempt.event("blocked", {"sst.blocker": self._redact(str(blocker))})
        self._stack.close()
        self._error = error
        self._revision.event("attempt failed", {"sst.attempt.number": self._number})

    def wait(self, pause_seconds: float | None) -> None:
        """Note that the next attempt begins after *pause_seconds*; None when there is none."""
        if pause_seconds is not None:
            self._revision.event("wait", {"sst.wait.seconds": pause_seconds})
