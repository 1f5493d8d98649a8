"""Lines that may begin with a label, as an error's: a long text goes on below its first word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.layout.words import hanging

if TYPE_CHECKING:
    from collections.abc import Sequence

# `why: ` of an error, `enable it: ` of a note.
_LABEL = re.compile(r" *(?:[a-z]{2,12}(?: it)?: +)?")
# A name in a first column, such as `size      4.1 MB`; a text goes on below its own beginning.
_NAME = re.compile(r"(?=.{1,20}\S) *\S+(?: \S+)? {2,}")
_FURTHER = 2
"""Columns by which an item of a list is indented from its second line on."""


def labelled(lines: Sequence[str], width: int) -> list[str]:
    """Return *lines* in lines of at most *width* columns, each below the text behind its label.

    Lines without a label go on with the list that the label above begins.
    """
    starts = [_LABEL.match(line) for line in lines]
    indents = [found.end() if found else 0 for found in starts]
    in_list = [
        _goes_on(line) or (number < len(lines) and _goes_on(lines[number]))
        for number, line in enumerate(lines, start=1)
    ]
    return [
        part
        for line, indent, is_item in zip(lines, indents, in_list, strict=True)
        for part in hanging(line, width, indent + _FURTHER * is_item, begin=indent)
    ]


def below_name(line: str, width: int) -> list[str]:
    """Return *line* in lines of at most *width* columns.

    What goes on is below the text behind a name in the first column, else two blanks in.
    """
    name = _NAME.match(line)
    begin = name.end() if name else len(line) - len(line.lstrip())
    return hanging(line, width, begin if name else begin + _FURTHER, begin=begin)


def _goes_on(line: str) -> bool:
    return line.startswith("    ")
