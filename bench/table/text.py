"""The table as text, and its place in the README files."""

from __future__ import annotations

import os
import platform
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.table.rows import Result

# *range (turns)* is the lowest and the highest ratio of a turn, and how many there were.
HEAD = (
    "| row | what | against | measured | range (turns) | goal | | ours | theirs | load |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)
_SUMMARY = (
    "check-10",
    "check-1000",
    "upgrade-nothing-1000",
    "upgrade-300",
    "readyz-processor",
    "backup-zstd",
    "backup-gzip",
    "restore",
)
_VERDICTS = {True: "met", False: "**missed**", None: "not measured"}
_BETWEEN = r"(<!-- {0}: make bench -->\n)(.*?)(<!-- /{0} -->)"


def line(result: Result) -> str:
    """Return *result* as a line of the table."""
    row = result.row
    digits = 3 if row.goal < 1 else 2
    value = "" if result.value is None else f"{result.value:.3g}"
    spread = ""
    if result.lowest is not None and result.highest is not None:
        value = f"{result.value:.{digits}f}"
        spread = f"{result.lowest:.{digits}f} to {result.highest:.{digits}f} ({result.turns})"
    texts = [
        f"`{row.name}`",
        row.what,
        row.yardstick,
        value,
        spread,
        f"{'≥' if row.at_least else '≤'} {row.goal:g}",
        f"{_VERDICTS[result.is_met]}{f': {result.note}' if result.note else ''}",
        _figure(result.ours, row.unit),
        _figure(result.theirs, row.unit),
        f"{result.load:.0f}",
    ]
    return f"| {' | '.join(each.replace('|', '/') for each in texts)} |"


def ending(lines: Sequence[str], versions: Mapping[str, str]) -> str:
    """Return what stands below the *lines* of a table: how many goals are met, which versions."""
    verdicts = [cells(each)[6].partition(":")[0] for each in lines]
    met, missed = verdicts.count(_VERDICTS[True]), verdicts.count(_VERDICTS[False])
    rest = len(lines) - met - missed
    words = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{met} of {met + missed} goals met, {rest} not measured.\n"
        f"{words}, {os.cpu_count()} processors, {platform.system()}."
    )


def summary(lines: Sequence[str]) -> str:
    """Return a few rows of the *lines* of a table, for readers who do not know the goals."""
    short = ["| | times | of |", "| --- | --- | --- |"]
    for each in lines:
        name, what, yardstick, measured = cells(each)[:4]
        if name.strip("`") in _SUMMARY and measured:
            short.append(f"| {what} | {measured} | {yardstick} |")
    return "\n".join(short)


def merged(old: str, new: Sequence[str], order: Sequence[str]) -> list[str]:
    """Return the *new* lines of a table, and of the text *old* those of all other rows.

    *order* has the names of all rows; what else *old* has is left out.
    """
    found = {
        cells(each)[0].strip("`"): each for each in old.splitlines() if each.startswith("| `")
    }
    found |= {cells(each)[0].strip("`"): each for each in new}
    return [found[name] for name in order if name in found]


def cells(line: str) -> list[str]:
    """Return the texts in the cells of a *line*."""
    return [each.strip() for each in line.strip().strip("|").split("|")]


def between(path: Path, name: str) -> str:
    """Return the text between the markers *name* of the file *path*; empty without them."""
    found = re.search(_BETWEEN.format(name), path.read_text(encoding="utf-8"), re.DOTALL)
    return found[2] if found else ""


def write_between(path: Path, name: str, text: str) -> None:
    """Put *text* between the markers *name* of the file *path*.

    Raises `ValueError` when it has no such markers.
    """
    before = path.read_text(encoding="utf-8")
    pattern = re.compile(_BETWEEN.format(name), re.DOTALL)
    after, count = pattern.subn(lambda found: f"{found[1]}{text}\n{found[3]}", before)
    if not count:
        raise ValueError(f"{path.name} has no markers <!-- {name}: make bench -->")
    path.write_text(after, encoding="utf-8")


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if not unit:
        return f"{value:g}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3  # noqa: PLR2004 - three digits
    return f"{value:,.{digits}f} {unit}".rstrip()
