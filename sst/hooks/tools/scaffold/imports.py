"""The imports that a generated text needs, sorted and grouped as ruff wants them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import sst.hooks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_LONGEST = 99
_STANDARD = {
    "logging": ("import logging",),
    "Path": ("from pathlib", "Path"),
    "AbstractContextManager": ("from contextlib", "AbstractContextManager"),
    "contextmanager": ("from contextlib", "contextmanager"),
    "Iterator": ("from collections.abc", "Iterator"),
    "Sequence": ("from collections.abc", "Sequence"),
}
_THIRD = {
    "pytest": ("import pytest",),
    "BaseModel": ("from pydantic", "BaseModel"),
    "ConfigDict": ("from pydantic", "ConfigDict"),
    "Field": ("from pydantic", "Field"),
    "click": ("import click",),
    "Connection": ("from sqlalchemy", "Connection"),
    "create_engine": ("from sqlalchemy", "create_engine"),
    "APIRouter": ("from fastapi", "APIRouter"),
    **{
        name: ("from starlette.types", name)
        for name in ("ASGIApp", "Message", "Receive", "Scope", "Send")
    },
}
_KIT = (
    *("FakeInspection", "FakeLockedWork", "Project", "a_backup", "a_failure", "a_revision"),
    *("a_run", "a_statement", "an_application", "an_event", "assert_conforms"),
)


def imports(text: str, *, own: str, is_package: bool) -> str:
    """Return the import lines of the module *text*.

    *own* is the module of `Config` and `Plugin`; where `sst` is installed (*is_package*) it is a
    third party.
    """
    tree = ast.parse(text)
    used, annotated = _names(tree)
    late = _imported(tree)  # inside a function: at the top only for annotations
    needed = list(_known(own, is_package=is_package))
    runtime = [each for each in needed if each[0] in used - late]
    typing = [each for each in needed if each[0] in annotated - (used - late)]
    lines = _blocks([*runtime, *([_TYPE_CHECKING] if typing else [])])
    if not typing:
        return lines
    return f"{lines}\n\nif TYPE_CHECKING:\n" + _indented(_blocks(typing))


Known = tuple[str, int, tuple[str, ...]]
"""A name, the number of its block, and where it comes from."""
_TYPE_CHECKING: Known = ("TYPE_CHECKING", 0, ("from typing", "TYPE_CHECKING"))


def _known(own: str, *, is_package: bool) -> Iterator[Known]:
    platform = 1 if is_package else 2
    yield from ((name, 0, place) for name, place in _STANDARD.items())
    yield from ((name, 1, place) for name, place in _THIRD.items())
    for name in sst.hooks.__all__:
        yield name, platform, ("from sst.hooks", name)
    for name in _KIT:
        yield name, platform, ("from sst.testing", name)
    for name in ("Config", "Plugin"):
        yield name, 2, (f"from {own}", name)


def _names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names that run, and those in annotations, which are never evaluated."""
    annotations: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            annotations += [each for each in (node.returns, *_annotations(node)) if each]
    inside = {id(each) for root in annotations for each in ast.walk(root)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return (
        {node.id for node in found if id(node) not in inside} - defined,
        {node.id for node in found if id(node) in inside} - defined,
    )


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr | None]:
    return (argument.annotation for argument in node.args.args)


def _imported(tree: ast.Module) -> set[str]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def _blocks(known: Collection[Known]) -> str:
    numbers = sorted({number for _, number, _ in known})
    return "\n\n".join(_block(place for _, at, place in known if at == n) for n in numbers)


def _block(places: Iterable[tuple[str, ...]]) -> str:
    """Return one block: `import x` first, then `from x import ...`, each sorted."""
    names: dict[str, set[str]] = {}
    for module, *name in places:
        names.setdefault(module, set()).update(name)
    plain = sorted(module for module, found in names.items() if not found)
    grouped = sorted(module for module, found in names.items() if found)
    return "\n".join([*plain, *(_line(module, names[module]) for module in grouped)])


def _line(module: str, names: set[str]) -> str:
    ordered = sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))
    line = f"{module} import {', '.join(ordered)}"
    if len(line) <= _LONGEST:
        return line
    return f"{module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())
