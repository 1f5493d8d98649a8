"""A process of the fleet: reads which database is next, runs the command on it, says the result.

The settings are read and the plugins imported once; what is said for a database is put over that.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import SecretStr

from sst.cli.call.errors import bug
from sst.cli.call.invocation import Invocation
from sst.cli.call.streams import prepare_streams, results_only
from sst.cli.main import UNCOLLECTED, outcome_of
from sst.cli.result.output import answer_of
from sst.command_line import as_typed, name_target, named_target
from sst.config.sources.target import Target
from sst.errors import OtherReleaseError, SstError
from sst.fleet.silent_servers import SilentServers
from sst.fleet.worker_process import SIGNALS
from sst.migrator.values.report import Report
from sst.redaction.plugin_output import install as install_bounds
from sst.settings.resolving import resolve_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from sst.db.url import DatabaseUrl
    from sst.runtime import Runtime

_REPEAT_SECONDS = 0.05
_SPAN = "fleet process"
"""What a trace has of a process: the runs on its databases are below it."""


def main() -> None:
    """Work until there is no more to read: the end of the pipe, or that of who began this."""
    jobs, answers = _own_pipes()
    prepare_streams()
    gc.set_threshold(UNCOLLECTED)
    worker = _Worker(json.loads(jobs.readline()))
    try:
        while line := jobs.readline():
            said = worker.answer(json.loads(line))
            answers.write(json.dumps(said).encode() + b"\n")
            answers.flush()
            if said["is_skipped"]:
                break
    except BrokenPipeError:
        # Who began this is gone. What was done is in the database's own record.
        os._exit(1)
    worker.close()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes away from stdin and stdout: what a revision prints goes to stderr."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    os.close(nowhere)
    return jobs, answers


class _Worker:
    """Runs one command on one database after the other."""

    def __init__(self, greeting: Mapping[str, Any]) -> None:
        self._greeting = greeting
        self._silent = SilentServers()
        self._is_ending = False
        """Whether a signal has said to begin no other database."""
        self._is_at_work = False
        for number in SIGNALS:
            signal.signal(number, self._end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._base = self._current = self._invocation()
        # Its log goes where others write as well: nothing is drawn there.
        self._base.verbose = True
        self._base.last_words = self._print_last_words
        install_bounds(self._clean)

    @property
    def _runtime(self) -> Runtime:
        """What all databases share, read at the first one: what is wrong with it is its answer."""
        return self._base.runtime

    def answer(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run the command, or look, on the database of *job*; a signal gives it back unbegun."""
        if self._is_ending:
            return {**_said(is_skipped=True), "seconds": 0.0}
        target, began = Target(**job["target"]), time.monotonic()
        name_target(target.name, is_one_of_many=True)
        if error := self._other_release(job["heads"]):
            said = _said(error.exit_code, report=self._printed(Report(error=error), self._base))
        elif job["is_look"]:
            said = self._look_at(target)
        else:
            said = self._run_on(target, job["words"])
        return {**said, "seconds": time.monotonic() - began}

    def _other_release(self, heads: Sequence[str]) -> SstError | None:
        """Return why this code may not work for whoever has revision files that end at *heads*."""
        if not heads:
            return None
        try:
            with results_only():
                own = self._runtime.project.heads
        except SstError as error:
            return error
        return OtherReleaseError(heads, own) if {*heads} != {*own} else None

    def _look_at(self, target: Target) -> Mapping[str, Any]:
        """Say whether there is nothing to do; what is in the way of a look, the command says."""
        try:
            with results_only():
                self._silent.require_answers(target)
                is_unchanged = self._has_nothing_to_do(target)
        except SstError as error:
            self._silent.note(target, error)
            return _said(error.exit_code)
        except Exception:  # noqa: BLE001 - a bug of a plugin or of ours, as the command says
            return _said(1)
        return _said(0, is_unchanged=is_unchanged)

    def _has_nothing_to_do(self, target: Target) -> bool:
        if target.settings:
            with self._runtime.for_target(target) as runtime:
                return runtime.migrator.has_nothing_to_do()
        return self._runtime.migrator_at(self._url_of(target)).has_nothing_to_do()

    def _url_of(self, target: Target) -> DatabaseUrl:
        setting, value = f"target {target.name}", SecretStr(target.url)
        plugins, root = self._runtime.plugins, self._runtime.project_root
        return resolve_url(setting, value, plugins, root)[0].with_schema(target.schema)

    def _run_on(self, target: Target, words: Sequence[str]) -> Mapping[str, Any]:
        invocation = self._invocation()
        found = self._opened(invocation, target)
        if found is None and self._is_ending:
            invocation.close()
            return _said(is_skipped=True)
        try:
            report = _report_of(self._called(words, invocation) if found is None else found)
            self._silent.note(target, report.error)
            return _said(report.exit_code, report=self._printed(report, invocation))
        finally:
            self._current = self._base
            with results_only():
                invocation.close()

    def _opened(self, invocation: Invocation, target: Target) -> SstError | None:
        """Let *invocation* work on *target*; return why it cannot."""
        try:
            with results_only():
                if self._greeting["is_look"]:
                    self._silent.require_answers(target)
                invocation.take(self._runtime.for_target(target))
        except SstError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a bug of a plugin or of ours
            return bug(error, invocation)
        self._current = invocation
        return None

    def _called(self, words: Sequence[str], invocation: Invocation) -> Report | SstError | int:
        self._is_at_work = True
        try:
            return outcome_of(["--json", *words], invocation)
        except SystemExit as end:
            # It would end this process, and with it the databases that come after.
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            self._is_at_work = False

    @staticmethod
    def _printed(report: Report, invocation: Invocation) -> str:
        return json.dumps(answer_of(report, invocation))

    def _print_last_words(self, error: SstError) -> None:
        """Print the *error* after which this process ends at once, with the database's name."""
        text = as_typed(f"{named_target()}: {error}", self._base.door)
        os.write(2, f"{self._clean(text)}\n".encode(errors="backslashreplace"))

    def _clean(self, text: str) -> str:
        return self._current.clean(text)

    def close(self) -> None:
        """Give back what all databases shared, and send the rest of the trace."""
        self._base.close()
        self._base.trace.end(0, self._base.door, _SPAN, None)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        """Begin no other database; a run that is at work has handlers of its own.

        One that is about to begin has none yet: it is told as soon as it has.
        """
        if self._is_at_work and not self._is_ending:
            threading.Thread(target=self._repeat, args=(number,), daemon=True).start()
        self._is_ending = True

    def _repeat(self, number: int) -> None:
        while self._is_at_work and signal.getsignal(number) == self._end:
            time.sleep(_REPEAT_SECONDS)
        if self._is_at_work:
            os.kill(os.getpid(), number)

    def _invocation(self) -> Invocation:
        invocation = Invocation(Path(self._greeting["root"]), self._greeting["program"])
        for name in ("overrides", "left_out", "x"):
            setattr(invocation, name, tuple(self._greeting[name]))
        return invocation


def _report_of(found: Report | SstError | int) -> Report:
    """Return what there is to say of a command, also of one that has brought no report."""
    if isinstance(found, Report):
        return found
    if isinstance(found, SstError):
        return Report(error=found)
    if not found:
        return Report()
    error = SstError(what=f"The command ended with exit code {found}.")
    error.exit_code = found
    return Report(error=error)


def _said(
    exit_code: int | None = None,
    *,
    is_unchanged: bool = False,
    is_skipped: bool = False,
    report: str = "",
) -> Mapping[str, Any]:
    return {
        "exit_code": exit_code,
        "is_unchanged": is_unchanged,
        "is_skipped": is_skipped,
        "report": report,
    }
