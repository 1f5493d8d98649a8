"""The checksum of a revision: what its code does, not how it is written down."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def checksum_of(path: Path) -> str:
    """Return the sha256 (hexadecimal) of the syntax tree of the revision file *path*.

    Docstrings, comments and layout do not count; the bytes do where there is no source (`.pyc`).
    """
    content = path.read_bytes()
    return checksum_of_code(content) if path.suffix == ".py" else _hash(content)


def checksum_of_code(code: bytes | str) -> str:
    """Return the checksum of a revision file that holds *code*.

    Raises `SyntaxError` and `ValueError` for what is no Python.
    """
    return _hash(_shape(_undocumented(ast.parse(code))).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _undocumented(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return tree


def _shape(value: object) -> str:
    # `ast.dump` says the same, but its text differs between versions of Python,
    # and an interpreter's upgrade must not look like a changed revision.
    if isinstance(value, ast.AST):
        return f"{type(value).__name__}({','.join(_fields(value))})"
    if isinstance(value, list):
        return f"[{','.join(map(_shape, value))}]"
    return repr(value)


def _fields(node: ast.AST) -> Iterator[str]:
    for name, value in ast.iter_fields(node):
        if value is not None and value != []:
            yield f"{name}={_shape(value)}"
