"""Write `docs/plugin-authors/hooks.md` from the specs; `make references` calls this module."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.hooks.calling.deadlines import Deadlines
from sst.hooks.contract import application, checks, commands, events, revisions, run, specs
from sst.hooks.contract.modes import DEPRECATED
from sst.hooks.contract.specs import MODES, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """\
# Hooks

Every hook: when it is called, its mode, its arguments, what it returns, what raising means, and a plugin that runs.
This page is written from `sst/hooks/contract/specs/` by `make references`; a test keeps it current.
How to write a plugin: [writing-a-plugin.md](writing-a-plugin.md).

A hook function may ask for fewer arguments than the hook offers, in any order; it gets them by name.
It is a plain `def`: `async def`, `*args`, `**kwargs`, keyword-only arguments and pluggy's wrappers are refused when the plugin is loaded.
Plugins are called in the order of `plugins.enabled`; pluggy's `tryfirst` and `trylast` do not beat it.

## Modes

| mode | what the caller does |
| --- | --- |
"""  # noqa: E501 - one sentence per line

_MODES = {
    Mode.COLLECT: "asks every plugin and takes all items; a list, a generator or one item "
    f"will do; {Deadlines().collect_seconds:g} s each",
    Mode.FIRST: "asks in order until one plugin does not return None",
    Mode.GATE: "asks one plugin after the other and waits for it; raising stops there, unless "
    'the plugin allows `on_error = "warn"` and the settings say so',
    Mode.AROUND: "enters the returned context managers, the first plugin's outermost",
    Mode.OBSERVE: f"calls each plugin in a thread of its own, {Deadlines().each_seconds:g} s each "
    f"and {Deadlines().total_seconds:g} s together; "
    "who raises or hangs is logged and changes nothing",
}
_VALUE_MODULES = (run, revisions, events, checks, commands, application)
_PARAGRAPH = re.compile(r"^(?P<name>Called|Raising|Example): ?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class HookEntry:
    """The entry of one hook in the reference."""

    name: str
    mode: Mode
    signature: str
    text: str
    called: str
    raising: str
    example: str
    """The body of a plugin; `example_plugin` makes it a whole file."""


def hook_entries() -> tuple[HookEntry, ...]:
    """Return the entry of every hook, in the order of the specs."""
    return tuple(_entry(name, mode) for name, mode in MODES.items())


def hooks_reference() -> str:
    """Return the text of `docs/plugin-authors/hooks.md`."""
    modes = "".join(f"| {mode} | {text} |\n" for mode, text in _MODES.items())
    sections = "\n".join(_section(entry) for entry in hook_entries())
    return f"{_INTRODUCTION}{modes}\n{_contents()}\n{sections}\n{_values()}"


def example_plugin(entry: HookEntry) -> str:
    """Return the example of *entry* as a file that can be enabled as it is."""
    return f"{_imports(entry.example)}\n\n\n{entry.example}\n"


def _entry(name: str, mode: Mode) -> HookEntry:
    spec = getattr(specs, name)
    head, *parts = _PARAGRAPH.split(inspect.cleandoc(spec.__doc__ or ""))
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return HookEntry(
        name=name,
        mode=mode,
        signature=f"{name}{inspect.signature(spec)}".replace("'", ""),
        text=head.strip(),
        called=" ".join(found["Called"].split()),
        raising=" ".join(found["Raising"].split()),
        example=textwrap.dedent(found["Example"].lstrip("\n")).strip(),
    )


def _contents() -> str:
    rows = [f"| [`{each.name}`](#{each.name}) | {each.mode} |\n" for each in hook_entries()]
    return "| hook | mode |\n| --- | --- |\n" + "".join(rows)


def _section(entry: HookEntry) -> str:
    return f"""\
## {entry.name}

```python
{entry.signature}
```

{entry.text}

- Mode: {entry.mode}: {_MODES[entry.mode]}.
- Called: {entry.called}
- Raising: {entry.raising}
{_deprecations(entry.name)}
```python
{example_plugin(entry).strip()}
```
"""


def _deprecations(hook: str) -> str:
    return "".join(
        f"- Deprecated: `{argument}`: {advice}\n"
        for argument, advice in DEPRECATED.get(hook, {}).items()
    )


def _imports(example: str) -> str:
    """Return the imports that *example* needs, in the order of isort."""
    used = {node.id for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Name)}
    lines = ["from __future__ import annotations", ""]
    known = {
        "import subprocess": "subprocess",
        "import sys": "sys",
        "from collections.abc import Iterator": "Iterator",
        "from collections.abc import Sequence": "Sequence",
        "from contextlib import contextmanager": "contextmanager",
        "from pathlib import Path": "Path",
    }
    standard = [line for line, name in known.items() if name in used]
    ours = sorted(used & set(_public_names()), key=lambda name: (name == "hookimpl", name))
    third = ["from sqlalchemy import Connection"] if "Connection" in used else []
    blocks = [block for block in (standard, third, [_contract_import(ours)]) if block]
    return "\n".join([*lines, "\n\n".join("\n".join(block) for block in blocks)])


def _contract_import(names: list[str]) -> str:
    return f"from sst.hooks import {', '.join(names)}"


def _public_names() -> list[str]:
    import sst.hooks

    return sst.hooks.__all__


def _values() -> str:
    return "## Values\n\nFrozen, and only ever added to.\n" + "".join(_value_sections())


def _value_sections() -> Iterator[str]:
    """Yield every value type with its fields, from the text of the modules that declare them."""
    texts = map(inspect.getsource, _VALUE_MODULES)
    for node in (node for text in texts for node in ast.parse(text).body):
        if isinstance(node, ast.ClassDef) and node.name in _public_names():
            document = (ast.get_docstring(node) or "").splitlines()[0]
            yield f"\n### {node.name}\n\n{document}\n\n" + "".join(_field_lines(node))


def _field_lines(node: ast.ClassDef) -> Iterator[str]:
    for member, following in zip(node.body, [*node.body[1:], None], strict=True):
        declared = _declaration(member)
        if declared:
            text = _document(member, following)
            yield f"- `{declared}`{': ' + text if text else ''}\n"


def _declaration(member: ast.stmt) -> str | None:
    if isinstance(member, ast.AnnAssign):
        return f"{ast.unparse(member.target)}: {ast.unparse(member.annotation)}"
    if isinstance(member, ast.Assign):
        return f"{ast.unparse(member.targets[0])} = {ast.unparse(member.value)}"
    if isinstance(member, ast.FunctionDef) and not member.name.startswith("__"):
        if any(isinstance(each, ast.Name) for each in member.decorator_list):
            return f"{member.name}: {ast.unparse(member.returns)}" if member.returns else None
        return f"{member.name}({ast.unparse(member.args).removeprefix('self').lstrip(', ')})"
    return None


def _document(member: ast.stmt, following: ast.stmt | None) -> str:
    if isinstance(member, ast.FunctionDef):
        return (ast.get_docstring(member) or "").splitlines()[0]
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        first = inspect.cleandoc(str(following.value.value)).split("\n\n", maxsplit=1)[0]
        return " ".join(first.split())
    return ""


if __name__ == "__main__":
    sys.stdout.write(hooks_reference())
