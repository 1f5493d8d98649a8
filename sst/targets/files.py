"""The targets in a file: a table for each in TOML, a row for each in CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from sst.config.sources.files import read_text, read_toml
from sst.errors import Problem
from sst.targets.entries import TargetError, entry_of_row, read_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.config.declared.schema import TargetEntry

_SUBJECT = "MIGRATE__TARGETS__FILE"
_HEADER = "begin with a line of columns with commas between them, each once: name,url,region"
_QUOTED = "a field with a comma or a quote in it stands in quotes, as CSV has it"


def entries_in(path: Path, name: str) -> Iterator[tuple[TargetEntry, str]]:
    """Yield each entry in the file at *path*, and its place; *name* is the file's, as given.

    Raises `TargetError` at the first that cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".toml":
        yield from _in_toml(path, name)
    elif suffix == ".csv":
        yield from _in_csv(path, name)
    else:
        hint = "name a file that ends in .toml or .csv"
        raise TargetError(Problem(_SUBJECT, f"{name} is no TOML and no CSV file", hint=hint))


def _in_toml(path: Path, name: str) -> Iterator[tuple[TargetEntry, str]]:
    file = read_toml(path)
    if isinstance(file, Problem):
        raise TargetError(_unreadable(file, name))
    for title, table in file.data.items():
        place = file.where(title).replace(file.name, name, 1)
        if not isinstance(table, dict):
            hint = f"write a table for each target: [{title}]"
            raise TargetError(Problem(title, "is a value, not a table", place, hint))
        yield read_entry({"name": title, **table}, place), place


def _in_csv(path: Path, name: str) -> Iterator[tuple[TargetEntry, str]]:
    text = read_text(path)
    if isinstance(text, Problem):
        raise TargetError(_unreadable(text, name))
    rows = csv.DictReader(io.StringIO(text), strict=True)
    try:
        columns = [column.strip() for column in rows.fieldnames or ()]
        if "name" not in columns or len(set(columns)) != len(columns):
            what = "has no column `name`" if "name" not in columns else "has a column twice"
            raise TargetError(Problem(_SUBJECT, f"{name} {what}", f"{name}:1", _HEADER))
        rows.fieldnames = columns
        for row in rows:
            place = f"{name}:{rows.line_num}"
            if None in row or None in row.values():
                what = "has more or fewer fields than its header"
                raise TargetError(Problem(_SUBJECT, what, place, _QUOTED))
            yield entry_of_row(row, place), place
    except csv.Error as error:
        raise TargetError(
            Problem(_SUBJECT, f"is no CSV: {error}", f"{name}:{rows.line_num}", _QUOTED)
        ) from None


def _unreadable(problem: Problem, name: str) -> Problem:
    return Problem(_SUBJECT, f"{name} {problem.what}", hint=problem.hint)
