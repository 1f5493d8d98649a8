"""Say what is wrong with a plugin that could be imported, before anything of it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from sst.errors import Problem
from sst.hooks.contract.error_location import name_location, shown
from sst.hooks.contract.specs import MODES, Mode
from sst.hooks.finding.hook_functions import faults, hook_names, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from sst.hooks.finding.hook_functions import Holder

    Named = tuple[str, str, str]

MAY_WARN = "MAY_WARN"
"""A plugin's module names the gates in it that may break without stopping a run."""


def holder_of(module: ModuleType) -> Holder:
    """Return where the hook functions of *module* are: its class `Plugin`, else itself."""
    plugin = getattr(module, "Plugin", None)
    return plugin if isinstance(plugin, type) else module


def is_settings_alone(module: ModuleType) -> bool:
    """Say whether *module* has a class `Config`, no class `Plugin`, and nothing to call."""
    has_only_settings = hasattr(module, "Config") and not hasattr(module, "Plugin")
    return has_only_settings and not _has_hooks(module)


def module_problems(name: str, module: ModuleType, root: Path) -> Iterator[Problem]:
    """Yield everything that is wrong with the plugin *name* in *module*."""
    for bound, what, hint in _shape_faults(module):
        file, line = name_location(module, bound)
        yield problem(name, what, shown(file, root, line), hint)
    for fault in faults(holder_of(module)):
        yield problem(name, fault.what, shown(fault.file, root, fault.line), fault.hint)


def problem(plugin: str, what: str, source: str, hint: str = "") -> Problem:
    """Return what is wrong with *plugin*."""
    return Problem(f"plugin {plugin}", what, source, hint)


def _shape_faults(module: ModuleType) -> Iterator[Named]:
    yield from _config_faults(module)
    yield from _may_warn_faults(module)
    plugin = getattr(module, "Plugin", None)
    if plugin is not None and not isinstance(plugin, type):
        yield "Plugin", "Plugin is not a class", "write class Plugin"
    elif plugin is not None and hook_names(module):
        hooks = ", ".join(sorted(hook_names(module)))
        yield "Plugin", f"has a class Plugin and hooks outside it: {hooks}", "move them into it"
    if not _has_hooks(module) and not is_settings_alone(module):
        hint = "write @hookimpl above a function with a hook's name"
        if plugin is None:
            hint += ", or class Config(BaseModel) for settings alone"
        yield "Plugin", "has no hook: it would do nothing", hint


def _has_hooks(module: ModuleType) -> bool:
    """Say whether *module* has hook functions, or what was meant to be one."""
    holder = holder_of(module)
    return any((hook_names(holder), *faults(holder)))


def _config_faults(module: ModuleType) -> Iterator[Named]:
    config = getattr(module, "Config", None)
    if config is None:
        return
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        yield "Config", "Config is not a pydantic model", "write class Config(BaseModel)"
    elif getattr(module, "Plugin", None) is None and _has_hooks(module):
        yield "Config", "has a Config and no class Plugin that gets it", "add class Plugin"


def _may_warn_faults(module: ModuleType) -> Iterator[Named]:
    names = getattr(module, MAY_WARN, ())
    if not isinstance(names, tuple | list | set | frozenset):
        yield MAY_WARN, f"{MAY_WARN} is no tuple of hooks", f'write {MAY_WARN} = ("post_migrate",)'
        return
    # What a gate did inside a revision's transaction cannot be left half done.
    gates = [each for each, mode in MODES.items() if mode is Mode.GATE and each != "in_revision"]
    for name in names:
        if name not in gates:
            kind = "has half done something" if name == "in_revision" else "is no gate"
            what = f"{MAY_WARN} names {name}, which {kind}"
            meant = nearest(str(name), gates)
            hint = f"did you mean {meant}?" if meant else f"gates are {', '.join(gates)}"
            yield MAY_WARN, what, hint
