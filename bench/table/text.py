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
    "| row | what | against | measured | range (turns) | goal | | ours | theirs |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
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
_BETWEEN = r"(<!-- {0}: make bench -->\n).*?(<!-- /{0} -->)"


def line(result: Result) -> str:
    """Return *result* as a line of the table."""
    row = result.row
    digits = 3 if row.goal < 1 else 2
    value = "" if result.value is None else f"{result.value:.3g}"
    spread = ""
    if result.lowest is not None and result.highest is not None:
        value = f"{result.value:.{digits}f}"
        spread = f"{result.lowest:.{digits}f} to {result.highest:.{digits}f} ({result.turns})"
    cells = [
        f"`{row.name}`",
        row.what,
        row.yardstick,
        value,
        spread,
        f"{'≥' if row.at_least else '≤'} {row.goal:g}",
        f"{_VERDICTS[result.is_met]}{f': {result.note}' if result.note else ''}",
        _figure(result.ours, row.unit),
        _figure(result.theirs, row.unit),
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def table(results: Sequence[Result], versions: Mapping[str, str], load: Sequence[float]) -> str:
    """Return the whole table, with what was measured on and how busy the machine was."""
    measured = [result.is_met for result in results if result.is_met is not None]
    missing = len(results) - len(measured)
    lines = [*HEAD, *(line(result) for result in results), ""]
    lines += [f"{measured.count(True)} of {len(measured)} goals met, {missing} not measured."]
    lines += [", ".join(f"{name} {version}" for name, version in versions.items()) + "."]
    loads = f"load {load[0]:.1f} at the start, {os.getloadavg()[0]:.1f} at the end"
    return "\n".join([*lines, f"{os.cpu_count()} processors, {loads}, {platform.system()}."])


def summary(results: Sequence[Result]) -> str:
    """Return the lines of a few rows, for readers who do not know the goals."""
    lines = ["| | times | of |", "| --- | --- | --- |"]
    for result in results:
        if result.row.name in _SUMMARY and result.value is not None:
            row = result.row
            lines.append(f"| {row.what} | {result.value:.2f} | {row.yardstick} |")
    return "\n".join(lines)


def write_between(path: Path, name: str, text: str) -> None:
    """Put *text* between the markers *name* of the file *path*.

    Raises `ValueError` when it has no such markers.
    """
    before = path.read_text(encoding="utf-8")
    pattern = re.compile(_BETWEEN.format(name), re.DOTALL)
    after, count = pattern.subn(lambda found: f"{found[1]}{text}\n{found[2]}", before)
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
