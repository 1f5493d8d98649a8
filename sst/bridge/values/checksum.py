"""The checksum of a revision: what its code does, not how it is written down."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    return _hash(_shape(ast.parse(code)).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shape(value: object) -> str:
    # `ast.dump` says the same, but its text differs between versions of Python,
    # and an interpreter's upgrade must not look like a changed revision.
    if isinstance(value, list):
        return f"[{','.join([_shape(each) for each in value])}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    found: list[tuple[str, Any]] = [(name, getattr(value, name, None)) for name in value._fields]
    if isinstance(value, _DOCUMENTED) and ast.get_docstring(value, clean=False) is not None:
        found = [(name, each[1:] if name == "body" else each) for name, each in found]
    fields = [f"{name}={_shape(each)}" for name, each in found if each is not None and each != []]
    return f"{type(value).__name__}({','.join(fields)})"
