"""What a terminal shows as SVG, and the text of such an SVG."""

from __future__ import annotations

import getpass
import re
import socket
import xml.etree.ElementTree as ET
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from tests.support.screens.stage import COLUMNS, SHOWN_ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.screens.stage import Stage

_SHOWN_SERVER = "db.example:5432"
_SHOWN_ACTOR = "deploy@ci"
_SURE = 45
# Without a font from another host: a page that shows it asks nobody.
_SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 16px; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def as_text(svg: str) -> str:
    """Return the lines that *svg* shows, without what is another in each run."""
    lines: dict[int, list[tuple[float, str]]] = {}
    for element in ET.fromstring(svg).iter():  # noqa: S314 - a file of ours
        number = re.search(r"-line-(\d+)", element.get("clip-path", ""))
        if element.tag.endswith("text") and number:
            piece = (float(element.get("x", "0")), element.text or "")
            lines.setdefault(int(number[1]), []).append(piece)
    whole = ("".join(piece for _, piece in sorted(lines[each])) for each in sorted(lines))
    # Where a line is cut depends on the times beside it.
    text = "\n".join(line[:_SURE] if "..." in line else line for line in whole)
    text = re.sub(r"\d{8}T\d{6}Z(-sst_platform)?-[0-9a-f]{6}", "RUN", text.replace("\xa0", " "))
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:]+Z?", "TIME", text)
    text = re.sub(r"\b\d+(\.\d+)? (s|ms|kB|MB|B)\b", "AMOUNT", text)
    text = re.sub(r"\b(pid|process) \d+", "PROCESS", text)
    text = re.sub(r"\battempt \d+", "ATTEMPT", text)
    return re.sub(r"\s+", " ", text)


def as_svg(name: str, screen: Text, stage: Stage) -> str:
    """Return *screen* with the names of *stage* as they are shown."""
    port = re.search(r"127\.0\.0\.1:\d+", stage.url)
    assert port
    own = {
        str(stage.root): SHOWN_ROOT,
        port[0]: _SHOWN_SERVER,
        f"{getpass.getuser()}@{socket.gethostname()}": _SHOWN_ACTOR,
    }
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(_replaced(screen, own), soft_wrap=False, no_wrap=True, highlight=False)
    svg = console.export_svg(title="", code_format=_SVG, unique_id=f"sst-{name}")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _replaced(screen: Text, own: Mapping[str, str]) -> Text:
    """Return *screen* with the texts of *own* replaced, whose lengths are mostly the same."""
    lines: list[Any] = []
    for line in screen.split("\n"):
        for old, new in own.items():
            while (start := line.plain.find(old)) >= 0:
                style = line.get_style_at_offset(Console(), start)
                before, _, after = line.divide([start, start + len(old)])
                line = Text.assemble(before, (new, style), after)  # noqa: PLW2901
        lines.append(line)
    return Text("\n").join(lines)
