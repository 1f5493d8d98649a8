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

# *range* is the lowest and the highest ratio of a turn.
HEAD = (
    "| row | what | against | measured | range | goal | | ours | theirs |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)
_VERDICTS = {True: "met", False: "**missed**", None: "not measured"}
_BETWEEN = r"(<!-- {0}: make bench -->\n).*?(<!-- /{0} -->)"


def line(result: Result) -> str:
    """Return *result* as a line of the table."""
    row = result.row
    digits = 3 if row.goal < 0.1 else 2  # noqa: PLR2004 - as many as the goal needs
    spread = ""
    if result.lowest is not None and result.highest is not None:
        spread = f"{result.lowest:.{digits}f} to {result.highest:.{digits}f}"
    is_count = not row.yardstick
    cells = [
        f"`{row.name}`",
        row.what,
        row.yardstick,
        "" if result.value is None else f"{result.value:.{0 if is_count else digits}f}",
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
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3  # noqa: PLR2004 - three digits
    return f"{value:,.{digits}f} {unit}".rstrip()
