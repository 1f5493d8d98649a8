"""Measures of the house: the rooms, their maps, import cycles, long bodies."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import grimp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LINE_OF_A_MAP = re.compile(r"^- `([^`]+)`: \S.*$", re.MULTILINE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def rooms_in(*folders: Path) -> list[Path]:
    """Return every package in *folders*, themselves included."""
    return sorted(init.parent for folder in folders for init in folder.rglob("__init__.py"))


def members(room: Path) -> list[str]:
    """Return what lies in *room*: `module.py`, and `folder/` for a folder that has files."""
    modules = [path.name for path in room.glob("*.py") if path.name != "__init__.py"]
    folders = [f"{path.name}/" for path in room.iterdir() if path.is_dir() and _has_files(path)]
    return sorted([*modules, *folders])


def mapped(room: Path) -> list[str]:
    """Return the names in the map of *room*: lines of its docstring such as "- `a.py`: text"."""
    tree = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
    return sorted(_LINE_OF_A_MAP.findall(ast.get_docstring(tree) or ""))


def modules_of(room: Path) -> int:
    """Return how many modules *room* has, itself not counted."""
    return sum(name.endswith(".py") for name in members(room))


def import_graph(*packages: str) -> dict[str, set[str]]:
    """Return who imports whom in *packages*, at the top, in functions and for types alike."""
    graph = grimp.build_graph(*packages, exclude_type_checking_imports=False, cache_dir=None)
    return {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}


def first_cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the modules of one cycle of *graph* in their order, none when there is no cycle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def longest_body(path: Path) -> tuple[int, str]:
    """Return lines and name of the longest function body of *path*, its docstring not counted."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, _FUNCTIONS)]
    return max(((_body_lines(each), each.name) for each in functions), default=(0, ""))


def _has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*") if "__pycache__" not in path.parts)


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first, *rest = function.body
    if ast.get_docstring(function) is not None:
        if not rest:
            return 0
        first = rest[0]
    assert function.end_lineno is not None
    return function.end_lineno - first.lineno + 1
