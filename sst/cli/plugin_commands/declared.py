"""The names of the commands that a plugin declares: its text is read, nothing is imported.

`--help` and `plugins list` show them; they must be quick, and work with a broken plugin.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

COMMANDS = "COMMANDS"
"""A plugin's module may name its commands: a tuple of texts."""
_HOOK = "register_commands"
_MAKERS = frozenset({"command", "group", "Command", "Group"})
_WORDS = re.compile(rb"click|register_commands|add_command")
"""A file without one of them has nothing to say; to parse it would take most of the time."""
_SUFFIX = re.compile(r"_(command|cmd|group|grp)$")


def declared_commands(path: Path | None) -> tuple[str, ...]:
    """Return the commands of the plugin whose module is the file *path*, as its text has them.

    What the module's `COMMANDS` says, else every command and group of click that the text makes
    and adds to no other group. A name that only running the plugin would show is left out.
    """
    if path is None:
        return ()
    said = _said_beside_the_hook(_text(path))
    if said is not None:
        return tuple(dict.fromkeys(said))
    files = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    texts = {file: text for file in files if (text := _text(file))}
    if not any(_HOOK.encode() in text for text in texts.values()):
        return ()
    telling = {file: text for file, text in texts.items() if file == path or _WORDS.search(text)}
    trees = {file: tree for file, text in telling.items() if (tree := _parsed(text))}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    if not _has_hook(nodes):
        return ()
    said = _said(trees[path]) if path in trees else None
    return tuple(dict.fromkeys(_made(nodes) if said is None else said))


def _said_beside_the_hook(text: bytes) -> list[str] | None:
    """Return what a module says that has the hook itself: no other file need be read then."""
    tree = _parsed(text) if _HOOK.encode() in text else None
    return _said(tree) if tree and _has_hook(ast.walk(tree)) else None


def _has_hook(nodes: Iterable[ast.AST]) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == _HOOK for node in nodes)


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _parsed(text: bytes) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _said(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(each, ast.Name) and each.id == COMMANDS for each in targets):
            try:
                value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            except ValueError:
                return None
            return [each for each in value if isinstance(each, str)]
    return None


def _made(nodes: Sequence[ast.AST]) -> Iterator[str]:
    added = {
        getattr(argument, "id", "")
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_command"
        for argument in node.args
    }
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name not in added:
            for decorator in node.decorator_list:
                if _is_click(decorator):
                    yield _name(decorator) or _SUFFIX.sub("", node.name.lower()).replace("_", "-")
        elif isinstance(node, ast.Call) and _is_click(node) and node.func.attr[0].isupper():  # type: ignore[attr-defined]
            yield from filter(None, [_name(node)])


def _is_click(node: ast.expr) -> bool:
    made = node.func if isinstance(node, ast.Call) else node
    is_made = isinstance(made, ast.Attribute) and made.attr in _MAKERS
    return is_made and getattr(made.value, "id", "") == "click"  # type: ignore[attr-defined]


def _name(node: ast.expr) -> str:
    if not isinstance(node, ast.Call):
        return ""
    named = [each.value for each in node.keywords if each.arg == "name"]
    first = next(iter([*node.args[:1], *named]), None)
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
