"""A user's error in three lines, and wrong configuration or words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RUN_AGAIN = "correct what is listed, then run the command again"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration; never holds the value of a secret."""

    subject: str
    """The setting, file or plugin."""
    what: str
    """The fault, in a few words."""
    source: str = ""
    """Where it is: `settings.toml:18 [production]`, `environment DEBUG`, `plugins/x.py:3`."""
    hint: str = ""
    """The next step: the nearest known name, or the line to add."""

    def __str__(self) -> str:
        """Return the problem as one line."""
        line = f"{self.subject}: {self.what}"
        if self.source:
            line += f" [{self.source}]"
        if self.hint:
            line += f" -> {self.hint}"
        return line


class SstError(Exception):
    """An expected failure in three lines: what, why, next step."""

    exit_code: int = 1
    code: str = "failed"

    def __init_subclass__(cls, *, code: str | None = None, exit_code: int | None = None) -> None:
        """Give the class its own word and exit code; what is left out is inherited."""
        super().__init_subclass__()
        cls.code = code or cls.code
        cls.exit_code = exit_code or cls.exit_code

    def __init__(self, *, what: str, why: str = "", next_step: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.code = code or type(self).code

    def __str__(self) -> str:
        """Return the three lines as they are printed."""
        more = (("why: ", self.why), ("next:", self.next_step))
        return "\n".join([self.what, *(f"  {name} {text}" for name, text in more if text)])


class ConfigError(SstError, code="configuration_invalid", exit_code=2):
    """Settings, plugins or their files are wrong; nothing was touched."""

    def __init__(
        self,
        problems: Iterable[Problem],
        next_step: str = "correct what is listed, then run `python migrate.py config check`",
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        count = len(self.problems)
        super().__init__(
            what=f"Configuration is invalid ({count} problem{'' if count == 1 else 's'}).",
            why="\n        ".join(str(problem) for problem in self.problems),
            next_step=next_step,
        )


class UsageError(SstError, code="usage", exit_code=2):
    """The command's words are wrong; nothing was touched."""
