"""The findings as Markdown, for the summary of a pipeline's step or a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.findings.text import level_of, page_of, words_of
from sst.cli.result.markdown_text import fenced, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint

_MOST_BYTES = 500_000
"""GitHub takes 1 MiB from a step, all that it writes together."""


def markdown(lint: Lint, root: Path) -> str:
    """Return *lint* as Markdown, the worst first; what is too long for a summary is counted."""
    lines = ["## lint", "", plain(f"{lint.coverage}: {lint.totals}"), ""]
    left = _MOST_BYTES
    for number, finding in enumerate((*lint.open, *lint.accepted)):
        block = "\n".join(_block(finding, root))
        left -= len(block.encode())
        if left < 0:
            more = len(lint.open) + len(lint.accepted) - number
            lines += [f"and {more} more", ""]
            break
        lines += [block, ""]
    return "\n".join(lines)


def _block(finding: Finding, root: Path) -> Iterator[str]:
    page = page_of(finding.rule, root)
    see = f", see `{page}`" if page else ""
    place = plain(f"{finding.file}:{finding.line}")
    words = f"{plain(finding.rule)}: {plain(words_of(finding))}{see}"
    yield f"- **{plain(level_of(finding))}** {place} {words}"
    if finding.instead and not finding.accepted:
        yield f"\n{fenced(finding.instead)}"
