"""Refuse a name or a hook that a new plugin cannot have."""

from __future__ import annotations

import keyword
import re
import sys
from typing import TYPE_CHECKING

from sst.errors import UsageError
from sst.hooks.contract.specs import MODES
from sst.hooks.finding.hook_functions import nearest
from sst.hooks.finding.sources import find_candidates, is_plugin_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_LONGEST = 40
_SAMPLES = frozenset(
    {"example", "foo", "my_plugin", "myplugin", "name", "name_of_plugin", "new", "plugin"}
    | {"plugin_name", "sample", "template", "test", "your_plugin"}
)
"""Sample names of instructions; two of them meet sooner or later."""
_REFERENCE = "docs/plugin-authors/hooks.md says what each is for"
_TAKEN = frozenset({"alembic", "app", "core", "plugins", "sst", "tests"})


def check_name(name: str, root: Path, reserved: Collection[str] = ()) -> None:
    """Raise `UsageError` unless *name* can be the name of a new plugin of the project at *root*.

    *reserved* are names that belong to the command line.
    """
    why = _fault(name, reserved) or _found(name, root)
    if why:
        raise UsageError(
            what=f"{name!r} cannot be the name of a new plugin.",
            why=why,
            next_step="choose a word for what it does, such as `freeze` or `office_hours`",
        )


def check_hooks(names: Sequence[str]) -> tuple[str, ...]:
    """Return *names* once each, in the order of the reference; raise `UsageError` for no hook."""
    unknown = [name for name in names if name not in MODES]
    if unknown or not names:
        raise _no_hook(unknown[0] if unknown else "")
    return tuple(hook for hook in MODES if hook in names)


def _fault(name: str, reserved: Collection[str]) -> str:
    plain = name.replace("-", "_")
    if not _NAME.fullmatch(name) or not is_plugin_name(name) or len(name) > _LONGEST:
        return f"a name is lower-case words with _ between them, at most {_LONGEST} characters"
    if keyword.iskeyword(plain) or keyword.issoftkeyword(plain):
        return "it is a word of Python, and the plugin is a module"
    if plain in _SAMPLES:
        return "it is the sample of an instruction, and another plugin has it too"
    if plain in _TAKEN or plain in sys.stdlib_module_names:
        return "it is the name of another module"
    return "it is a command of migrate.py" if name in reserved else ""


def _found(name: str, root: Path) -> str:
    """Return where a plugin of this name is, however it is spelled, or nothing."""
    spelled = {name, name.replace("-", "_"), name.replace("_", "-")}
    candidates = find_candidates(root)
    found = [each for other in sorted(spelled) for each in candidates.get(other, ())]
    return f"there is one already: {found[0].source}" if found else ""


def _no_hook(name: str) -> UsageError:
    meant = nearest(name, MODES)
    return UsageError(
        what=f"There is no hook {name!r}." if name else "A plugin without a hook does nothing.",
        why=f"the hooks are {', '.join(MODES)}",
        next_step=f"did you mean {meant}?" if meant else _REFERENCE,
    )
