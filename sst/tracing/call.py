"""The trace of one call of the command line, from its beginning to its end."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

from sst.kept.doubts import doubt
from sst.tracing import spans
from sst.tracing.carrier import NAMES, PARENT, parent_in
from sst.tracing.switch import Wish, wish_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

    from sst.tracing.provider import OwnTracer
    from sst.tracing.sending import Sending

EXTRA = "otel"
_SERVICE = "sst-migrate"
_UNAFFECTED = "the command is not affected"
_UNTOUCHED = "; the command goes on without traces"


class CallTrace:
    """The trace of this call: nothing until `begin` finds that an exporter is configured."""

    def __init__(self) -> None:
        self._began_ns = time.time_ns()
        self._warning = ""
        self._ignored = ""
        """The variable that is not well formed, and was left out."""
        self._sending: Sending | None = None
        self._tracer: OwnTracer | None = None
        self._stack = ExitStack()
        self._pid = os.getpid()

    def begin(self, environment: str, clean: Callable[[str], str]) -> None:
        """Begin where the variables of the process ask for it; *clean* masks secrets."""
        wish = wish_of(os.environ)
        if wish == Wish():
            return
        doubt("a trace of the call is asked for")
        self._warning = wish.refused
        if os.environ.get(PARENT) and PARENT not in parent_in(os.environ):
            self._ignored = PARENT
        if wish.exporters:
            self._warning = self._try(wish, environment, clean)

    def warn(self) -> None:
        """Log what is in the way of a trace; once the log is set up."""
        if self._warning:
            _log().warning("no traces: %s%s", self._warning, _UNTOUCHED)
        if self._ignored:
            _log().debug("%s is not well formed, and is left out", self._ignored)

    def end(self, exit_code: int, program: str, command: str, error: BaseException | None) -> None:
        """End the trace of *command*, send what is left, and say what could not be sent.

        Whatever happens in here, the command has ended as it has.
        """
        try:
            if self._tracer and self._sending and self._pid == os.getpid():
                self._end(self._tracer, exit_code, program, command, error)
        except Exception as fault:  # noqa: BLE001 - a fault of traces is none of the command
            _log().warning("traces: not sent (%s)", type(fault).__name__)
        finally:
            self._stack.close()

    def _end(
        self,
        tracer: OwnTracer,
        exit_code: int,
        program: str,
        command: str,
        error: BaseException | None,
    ) -> None:
        root = tracer.root
        name = program.rsplit(maxsplit=1)[-1].rpartition("/")[2]
        root.rename(f"{name} {command}".strip())
        root.set({"process.executable.name": name, "process.exit.code": exit_code})
        if error is not None:
            root.fail(error)
        elif exit_code:
            root.fail(SystemExit(exit_code))
        spans.use(None)
        tracer.end()
        failure = self._sending.finish() if self._sending else ""
        self._stack.close()
        if failure:
            _log().warning("traces: %s (look at OTEL_EXPORTER_OTLP_...); %s", failure, _UNAFFECTED)

    def _try(self, wish: Wish, environment: str, clean: Callable[[str], str]) -> str:
        """Begin, and return why that cannot be; nothing where it can."""
        try:
            self._start(wish, environment, clean)
        except ImportError:
            from sst.dependencies import DISTRIBUTION, install_advice

            advice = install_advice(f"{DISTRIBUTION}[{EXTRA}]", EXTRA)
            return f"OpenTelemetry is not installed here; {advice}"
        except Exception as error:  # noqa: BLE001 - a variable of OpenTelemetry's that does not fit
            # Its text may quote a header.
            self._stack.close()
            return f"the variables OTEL_... do not fit ({type(error).__name__})"
        return ""

    def _start(self, wish: Wish, environment: str, clean: Callable[[str], str]) -> None:
        from sst import __version__
        from sst.tracing.provider import OwnTracer, new_provider
        from sst.tracing.sending import Sending, quiet

        self._stack.enter_context(quiet())
        resource = {"service.name": _SERVICE, "service.version": __version__}
        if environment:
            resource["deployment.environment.name"] = environment
        provider = new_provider(resource)
        self._sending = Sending(provider, wish.exporters)
        self._tracer = OwnTracer(provider, parent_in(os.environ), clean, self._began_ns)
        self._tracer.root.set({"process.pid": os.getpid()})
        _forget_in_forks()
        spans.use(self._tracer)
        self._hand_on(self._tracer.environment())

    def _hand_on(self, variables: dict[str, str]) -> None:
        """Let the processes of plugins that know nothing of it join the trace."""
        for name in NAMES:
            self._stack.callback(_put_back, name, os.environ.get(name))
            if name in variables:
                os.environ[name] = variables[name]
            else:
                os.environ.pop(name, None)


def _log() -> Logger:
    import logging  # late: `--help` does without it

    return logging.getLogger("sst.tracing")


def _put_back(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


@cache
def _forget_in_forks() -> None:
    """Make no spans in a fork: they would be sent twice, or never."""
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=lambda: spans.use(None))
