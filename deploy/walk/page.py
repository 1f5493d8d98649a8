"""The commands of the deployment guide, as they stand on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^[ ]*```(?:bash|sh)\n(.*?)^[ ]*```", re.DOTALL | re.MULTILINE)
_SECTION = r"^#+ {}\n(.*?)(?=^#|\Z)"
# In capitals a variable may be given to one command, `NAME=value docker ...`, behind others too.
_DEFINES = re.compile(r"\b([A-Z][A-Z0-9_]*)=|^([a-z_]\w*)=|^(\w+)\(\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page in Markdown."""

    text: str

    def commands(self, heading: str) -> list[str]:
        """Return the commands in the section *heading*, none when there is no such section.

        A command is a line with its continuations, or the lines of a block that share a
        variable or a function.
        """
        section = re.search(_SECTION.format(re.escape(heading)), self._outline(), _FLAGS)
        blocks = _BLOCK.findall(self.text[section.start(1) : section.end(1)]) if section else []
        return [command for block in blocks for command in _commands(block)]

    def _outline(self) -> str:
        """Return the text with its code blanked out: a comment in there is no heading."""
        return re.sub(
            r"^[ ]*```.*?^[ ]*```",
            lambda block: re.sub(r"[^\n]", " ", block[0]),
            self.text,
            flags=_FLAGS,
        )


_FLAGS = re.DOTALL | re.MULTILINE


def _commands(block: str) -> list[str]:
    lines = [line for line in re.sub(r"\\\n\s*", "", block).splitlines() if _is_code(line)]
    commands: list[str] = []
    for line in lines:
        if commands and _uses(line, commands[-1]):
            commands[-1] += f"\n{line}"
        else:
            commands.append(line)
    return commands


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _uses(line: str, command: str) -> bool:
    """Tell whether *line* uses a variable or a function that *command* defines."""
    names = ["".join(found) for found in _DEFINES.findall(command)]
    return any(re.search(rf"\$[{{(]?{name}\b", line) for name in names)
