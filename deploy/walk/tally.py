"""The tally: one line for each step, what held and what did not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deploy.walk.shell import Result

_SHOWN_LINES = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a step has to do to hold."""

    exits: tuple[int, ...] = (0,)
    """Exit codes, one of which it ends with."""
    shows: str = ""
    """A regular expression that is found in its output (`^` and `$` are those of a line)."""
    hides: str = ""
    """One that is not found there; empty for none."""

    def holds(self, result: Result) -> bool:
        """Tell whether *result* is what was wanted."""
        return (
            result.exit_code in self.exits
            and re.search(self.shows, result.output, re.MULTILINE) is not None
            and not (self.hides and re.search(self.hides, result.output, re.MULTILINE))
        )

    def __str__(self) -> str:
        """Return it as the line of a step that did not hold shows it."""
        texts = ["exit " + " or ".join(map(str, self.exits))]
        texts += [f"/{self.shows}/"] if self.shows else []
        texts += [f"not /{self.hides}/"] if self.hides else []
        return " and ".join(texts)


class Tally:
    """Prints each step as it ends, and counts."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.held = 0
        self.failed = 0

    def part(self, title: str) -> None:
        """Print that the part *title* begins."""
        self._print(f"== {title}")

    def note(self, text: str) -> None:
        """Print *text*, which neither holds nor fails."""
        self._print(f"--    {text}")

    def record(self, claim: str, fault: str = "", details: Iterable[str] = ()) -> bool:
        """Count *claim*, which holds when there is no *fault*; then *details* are not printed."""
        line = claim.replace("\n", "; ")
        if not fault:
            self.held += 1
            self._print(f"ok    {line}")
            return True
        self.failed += 1
        self._print(f"FAIL  {line}: {fault}")
        for detail in details:
            self._print(f"      {detail}")
        return False

    def judge(self, claim: str, wanted: Wanted, result: Result) -> bool:
        """Count *claim*, which holds when *result* is what was *wanted*."""
        if wanted.holds(result):
            return self.record(claim)
        command = [] if result.command == claim else [f"$ {result.command}"]
        output = [f"| {line}" for line in result.output.splitlines()[-_SHOWN_LINES:]]
        fault = f"wanted {wanted}, got exit {result.exit_code}"
        return self.record(claim, fault, [*command, *output])

    def summary(self) -> str:
        """Return the last line of the walk."""
        return f"{self.held} held, {self.failed} did not"

    def _print(self, line: str) -> None:
        print(line, file=self._out, flush=True)
