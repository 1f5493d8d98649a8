"""The findings as Markdown, for the summary of a pipeline's step or a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.findings.text import page_of, words_of
from sst.redaction.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint

_MOST_BYTES = 500_000
"""GitHub takes 1 MiB from a step, all that it writes together."""
_MARKUP = str.maketrans({each: f"\\{each}" for each in "\\`*_{}[]<>()#+!|~@&"})


def markdown(lint: Lint, root: Path) -> str:
    """Return *lint* as Markdown, the worst first; what is too long for a summary is counted."""
    lines = ["## lint", "", _plain(f"{lint.coverage}: {lint.totals}"), ""]
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
    level = "accepted" if finding.accepted else str(finding.level)
    page = page_of(finding.rule, root)
    see = f", see `{page}`" if page else ""
    place = _plain(f"{finding.file}:{finding.line}")
    yield f"- **{_plain(level)}** {place} {_plain(finding.rule)}: {_plain(words_of(finding))}{see}"
    if finding.instead and not finding.accepted:
        fence = _fence(finding.instead)
        yield f"\n  {fence}python"
        yield from (f"  {visible(line)}" for line in finding.instead.splitlines())
        yield f"  {fence}"


def _fence(code: str) -> str:
    """Return a fence that *code* cannot close."""
    fence = "```"
    while fence in code:
        fence += "`"
    return fence


def _plain(text: str) -> str:
    """Return *text* so that Markdown takes none of it for markup, and nobody is mentioned."""
    return visible(text).translate(_MARKUP)
