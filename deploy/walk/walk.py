"""What every part is handed: commands that are judged, and the page that they stand on."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from deploy.walk.shell import Shell, await_condition
from deploy.walk.tally import Tally, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deploy.walk.checkout import Checkout
    from deploy.walk.page import Page

_T = TypeVar("_T")
MIGRATE = "docker compose run --rm -T migrate"
# How each service itself connects: with the URL, and so the role, that its secret has.
_CONNECTED = {
    "app": ("docker compose exec -T app sh", '"$(cat "$DATABASE_URL_FILE")"'),
    "migrate": (
        "docker compose run --rm -T --no-deps --entrypoint sh migrate",
        '"$(cat "${MIGRATION_DATABASE_URL_FILE:-$DATABASE_URL_FILE}")"',
    ),
    "db": ("docker compose exec -T db sh", '-U "$POSTGRES_USER" -d sst_platform'),
}
_CONDITION_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk: where its commands run, what is said on the page, and what has held so far."""

    shell: Shell
    tally: Tally
    page: Page
    checkout: Checkout
    rewrites: Mapping[str, str] = field(default_factory=dict)
    """What stands on the page, and what is typed for it on an engine that others use too."""

    def step(
        self,
        command: str,
        claim: str = "",
        *,
        exits: int | tuple[int, ...] = 0,
        shows: str = "",
        hides: str = "",
    ) -> bool:
        """Run *command* and judge it; *claim* says what it shows, else the command does."""
        wanted = Wanted(exits if isinstance(exits, tuple) else (exits,), shows, hides)
        return self.tally.judge(claim or command, wanted, self.shell.run(self.typed(command)))

    def section(
        self,
        heading: str,
        wanted: Mapping[str, Wanted] | None = None,
        skipped: Mapping[str, str] | None = None,
    ) -> None:
        """Walk every command in the section *heading* of the page, as `type` does."""
        commands = self.page.commands(heading)
        fault = "" if commands else "it has none"
        self.tally.record(f"the section {heading!r} has commands", fault)
        self.type(commands, wanted, skipped)

    def type(
        self,
        commands: Sequence[str],
        wanted: Mapping[str, Wanted] | None = None,
        skipped: Mapping[str, str] | None = None,
    ) -> None:
        """Walk *commands*, each a step.

        *wanted* has expectations by a regular expression that fits the command, exit 0 for the
        others; *skipped* has the reason why a command is not typed. One that fits no command is a
        step that failed: the page has changed, and the walk has to follow.
        """
        expected, reasons = wanted or {}, skipped or {}
        for pattern in (*expected, *reasons):
            if not any(re.search(pattern, command) for command in commands):
                self.tally.record(f"a command of the page fits /{pattern}/", "none does")
        for command in commands:
            if reason := _first(reasons, command):
                self.tally.note(f"not typed: {command}: {reason}")
            else:
                result = self.shell.run(self.typed(command))
                self.tally.judge(command, _first(expected, command) or Wanted(), result)

    def sql(self, service: str, statement: str) -> str:
        """Return the command that runs *statement* as *service* (app, migrate, db) connects."""
        shell, database = _CONNECTED[service]
        psql = f'psql {database} -v ON_ERROR_STOP=1 -Atqc "$1"'
        return f"{shell} -c {shlex.quote(psql)} psql {shlex.quote(statement)}"

    def output(self, command: str) -> str:
        """Return what *command* printed, without a step: for conditions and preparations."""
        return self.shell.run(self.typed(command)).output.strip()

    def appears(self, command: str, pattern: str, seconds: float = _CONDITION_SECONDS) -> bool:
        """Return whether the output of *command* came to fit *pattern* within *seconds*."""
        return await_condition(
            lambda: re.search(pattern, self.output(command), re.MULTILINE) is not None, seconds
        )

    def with_variables(self, **variables: str) -> Walk:
        """Return the same walk with *variables* exported."""
        environment = {**self.shell.environment, **variables}
        return replace(self, shell=replace(self.shell, environment=environment))

    def typed(self, command: str) -> str:
        """Return *command* as it is typed here."""
        for on_page, typed in self.rewrites.items():
            command = command.replace(on_page, typed)
        return command


def _first(by_pattern: Mapping[str, _T], command: str) -> _T | None:
    return next((v for pattern, v in by_pattern.items() if re.search(pattern, command)), None)
