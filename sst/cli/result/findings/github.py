"""The findings as workflow commands of GitHub Actions, which annotate the lines of a pull request.

GitHub keeps ten annotations of a kind in a step and drops the others without a word: the worst
come first, and a last one counts them all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sst.cli.result.findings.markdown import markdown
from sst.cli.result.findings.text import words_of
from sst.redaction.redact import visible

if TYPE_CHECKING:
    from pathlib import Path

    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint

SUMMARY = "GITHUB_STEP_SUMMARY"
_MOST = 10
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}


def github(lint: Lint) -> list[str]:
    """Return a command for each of the worst findings, and one that counts all of them."""
    errors = lint.errors
    warnings = [each for each in lint.open if each.level != "error"]
    shown = [*errors[:_MOST], *warnings[:_MOST]]
    text = f"{lint.coverage}: {lint.totals}"
    if len(shown) < len(lint.open):
        text += f"; {len(shown)} of {len(lint.open)} are shown here"
    return [*map(_command, shown), f"::notice title=lint::{_escaped(text, _DATA)}"]


def write_summary(lint: Lint, root: Path) -> str | None:
    """Append *lint* to the summary of the step, where there is one; return why that failed."""
    path = os.environ.get(SUMMARY)
    if not path:
        return None
    try:
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - appended to, as GitHub asks
            file.write(markdown(lint, root))
    except OSError as error:
        return f"the summary of the step could not be written: {error.strerror}"
    return None


def _command(finding: Finding) -> str:
    kind = "error" if finding.level == "error" else "warning"
    places = {"file": finding.file, "line": str(finding.line), "title": finding.rule}
    named = ",".join(f"{name}={_escaped(text, _PROPERTY)}" for name, text in places.items())
    code = f"\n\n{finding.instead}" if finding.instead else ""
    return f"::{kind} {named}::{_escaped(f'{words_of(finding)}{code}', _DATA)}"


def _escaped(text: str, characters: dict[str, str]) -> str:
    return "".join(characters.get(each, each) for each in visible(text))
