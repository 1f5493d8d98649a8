"""A user's error in three lines, and wrong configuration or words."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

RUN_AGAIN = "correct what is listed, then run the command again"
_SHOWN_STATEMENT = 200


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


@dataclass(frozen=True, slots=True)
class Fault:
    """The place where a revision failed, and the server's words, as far as they are known.

    It holds no data: the literals of the statement are `?`.
    """

    file: str | None = None
    """The revision's file, relative to the project."""
    line: int | None = None
    """The line of it that was at work: it sent the statement, itself or by a helper."""
    statement: str | None = None
    """The statement in one line, cut to 500 characters."""
    sqlstate: str | None = None
    detail: str | None = None
    """The server's DETAIL; where that quotes a row, the names of table, column, constraint."""
    server_hint: str | None = None
    """The server's HINT."""

    @property
    def place(self) -> str:
        """File and line as editors take them; empty when they are not known."""
        if not self.file:
            return ""
        return f"{self.file}:{self.line}" if self.line else self.file

    def to_dict(self) -> dict[str, str | int]:
        """Return what is known."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }


NO_FAULT = Fault()


class SstError(Exception):
    """An expected failure in three lines: what, why, next step.

    One of a revision has two lines more: the place, and the statement.
    """

    exit_code: int = 1
    code: str = "failed"
    fault: Fault = NO_FAULT
    revisions: tuple[str, ...] = ()
    """All that the message counts: it names the first ones."""

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
        """Return the lines as they are printed."""
        statement = self.fault.statement or ""
        if len(statement) > _SHOWN_STATEMENT:
            statement = f"{statement[:_SHOWN_STATEMENT]}..."
        more = (
            ("why: ", self.why),
            ("at:  ", self.fault.place),
            ("sql: ", statement),
            ("next:", self.next_step),
        )
        return "\n".join([self.what, *(f"  {name} {text}" for name, text in more if text)])


class ConfigError(SstError, code="configuration_invalid", exit_code=2):
    """Settings, plugins or their files are wrong; nothing was touched."""

    def __init__(
        self,
        problems: Iterable[Problem],
        next_step: str = "correct what is listed, then run `python migrate.py config check`",
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(
            what=f"Configuration is invalid ({counted(len(self.problems), 'problem')}).",
            why="\n        ".join(str(problem) for problem in self.problems),
            next_step=next_step,
        )


class UsageError(SstError, code="usage", exit_code=2):
    """The command's words are wrong; nothing was touched."""
