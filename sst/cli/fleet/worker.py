"""A process of the fleet: reads which database is next, runs the command on it, says the result.

The settings are read and the plugins imported once; what is said for a database is put over that.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import SecretStr

from sst.cli.call.invocation import Invocation
from sst.cli.call.streams import prepare_streams, results_only
from sst.cli.main import outcome_of
from sst.cli.result.output import answer_of
from sst.command_line import name_target
from sst.config.sources.target import Target
from sst.errors import OtherReleaseError, SstError
from sst.migrator.values.report import Report
from sst.settings.resolving import resolve_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from sst.db.url import DatabaseUrl


def main() -> None:
    """Work until there is no more to read: the end of the pipe, or that of who began this."""
    jobs, answers = _own_pipes()
    prepare_streams()
    worker = _Worker(json.loads(jobs.readline()))
    for line in jobs:
        answers.write(json.dumps(worker.answer(json.loads(line))).encode() + b"\n")
        answers.flush()
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
        self._is_ending = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        self._base = self._invocation()
        with results_only():
            self._runtime = self._base.runtime

    def answer(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run the command, or look, on the database of *job*; a signal gives it back unbegun."""
        if self._is_ending:
            return {**_said(is_skipped=True), "seconds": 0.0}
        target, began = Target(**job["target"]), time.monotonic()
        name_target(target.name)
        if error := self._other_release(job["heads"]):
            said = _said(error.exit_code, report=self._printed(Report(error=error), self._base))
        elif job["is_look"]:
            said = self._look_at(target)
        else:
            said = self._run_on(target, job["words"])
        return {**said, "seconds": time.monotonic() - began}

    def _other_release(self, heads: Sequence[str]) -> OtherReleaseError | None:
        """Return why this code may not work for whoever has revision files that end at *heads*."""
        own = self._runtime.project.heads
        return OtherReleaseError(heads, own) if heads and {*heads} != {*own} else None

    def _look_at(self, target: Target) -> Mapping[str, Any]:
        """Say whether there is nothing to do; what is in the way of a look, the command says."""
        try:
            if target.settings:
                with self._runtime.for_target(target) as runtime:
                    is_unchanged = runtime.migrator.has_nothing_to_do()
            else:
                is_unchanged = self._runtime.migrator_at(self._url_of(target)).has_nothing_to_do()
        except SstError as error:
            return _said(error.exit_code)
        return _said(0, is_unchanged=is_unchanged)

    def _url_of(self, target: Target) -> DatabaseUrl:
        setting, value = f"target {target.name}", SecretStr(target.url)
        return resolve_url(setting, value, self._runtime.plugins, self._runtime.project_root)[0]

    def _run_on(self, target: Target, words: Sequence[str]) -> Mapping[str, Any]:
        invocation = self._invocation()
        try:
            with results_only():
                invocation.take(self._runtime.for_target(target))
            found = outcome_of(["--json", *words], invocation)
        except SstError as error:
            found = error
        try:
            report = found if isinstance(found, Report) else _report_of(found)
            return _said(report.exit_code, report=self._printed(report, invocation))
        finally:
            invocation.close()

    @staticmethod
    def _printed(report: Report, invocation: Invocation) -> str:
        return json.dumps(answer_of(report, invocation))

    def close(self) -> None:
        """Give back what all databases shared."""
        self._base.close()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        """Begin no other database: a run that is at work has handlers of its own."""
        self._is_ending = True

    def _invocation(self) -> Invocation:
        invocation = Invocation(Path(self._greeting["root"]), self._greeting["program"])
        for name in ("overrides", "left_out", "x"):
            setattr(invocation, name, tuple(self._greeting[name]))
        return invocation


def _report_of(found: SstError | int) -> Report:
    """Return what there is to say of a command that has brought no report."""
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
