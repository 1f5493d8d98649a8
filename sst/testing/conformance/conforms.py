"""Ask whether a plugin keeps the contract, beyond what loading it already refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sst.errors import ConfigError, Problem
from sst.hooks.contract.checks import ALL_STAGES, Check
from sst.hooks.contract.error_location import shown
from sst.hooks.finding.discovery import FoundPlugin, discover
from sst.hooks.finding.hook_functions import hook_arguments
from sst.hooks.finding.loading import LOAD_ERRORS, load
from sst.hooks.finding.sources import FOLDER, Candidate, Kind
from sst.hooks.finding.validation import holder_of, module_problems
from sst.hooks.manager import Plugins, build
from sst.testing.conformance.settings import fitting_settings, secret_leaks, settings_faults
from sst.testing.leaks import ProcessState
from sst.testing.values.builders import an_application

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_AUDIT = Path(__file__).with_name("import_audit.py")
_REGISTERING = ("register_checks", "register_commands", "register_routers", "register_migrations")


def assert_conforms(
    plugin: str | ModuleType,
    *,
    settings: Mapping[str, Any] | None = None,
    root: Path | None = None,
) -> None:
    """Fail with everything that is wrong with *plugin*, a name to enable or its module.

    Loading it finds: hooks that do not exist, arguments that they do not offer, `async def`.
    Beyond that: every setting has a description, defaults and *settings* (those without a
    default) survive a round trip, unknown ones are not let in, no secret shows in a `repr`,
    importing it does no work (files, sockets, processes, threads, variables), and registering it
    twice gives the same twice.
    A file is looked for in `plugins/` of *root*, by default the working folder.
    """
    __tracebackhide__ = True
    found = _found(plugin, (root or Path.cwd()).resolve())
    problems = [*found] if isinstance(found, tuple) else [*_faults(found, dict(settings or {}))]
    if problems:
        name = plugin if isinstance(plugin, str) else plugin.__name__
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise AssertionError(f"the plugin {name} breaks the contract:\n{listed}")


def _found(plugin: str | ModuleType, root: Path) -> FoundPlugin | tuple[Problem, ...]:
    if isinstance(plugin, ModuleType):
        candidate, root = _candidate_of(plugin, root)
        module = load(candidate, root, [candidate.name])
        wrong = tuple(module_problems(candidate.name, module, root))
        return wrong or FoundPlugin.of(candidate, module, root)
    discovery = discover(root, [plugin])
    return discovery.problems or discovery.found[0]


def _candidate_of(module: ModuleType, root: Path) -> tuple[Candidate, Path]:
    """Return how *module* would be found: as a file of a project's `plugins/`, or as a package."""
    file = Path(module.__file__ or "")
    place = file.parent if file.name == "__init__.py" else file
    name = module.__name__.rpartition(".")[2]
    if place.parent.name == FOLDER:
        return Candidate(name, Kind.LOCAL, "", str(file), name, file), place.parent.parent
    return Candidate(name, Kind.PACKAGE, "", module.__name__, module.__name__, file), root


def _faults(found: FoundPlugin, settings: dict[str, Any]) -> Iterator[str]:
    yield from _work_at_import(found)
    if found.config_model:
        wrong = list(settings_faults(found.config_model, settings))
        yield from wrong
        if wrong:
            return
    yield from _registration_faults(found, settings)


def _registration_faults(found: FoundPlugin, settings: dict[str, Any]) -> Iterator[str]:
    before = ProcessState.now()
    try:
        instance = _instance(found, settings)
    except LOAD_ERRORS as error:
        yield from _why_not_created(error)
        return
    leaks = before.leaks()
    try:
        first, config = _built(found, settings)
        second, _ = _built(found, settings)
        shapes = [_shapes(plugins, found) for plugins in (first, second, first)]
    except ConfigError as error:
        yield from map(str, error.problems)
        return
    if config is not None:
        yield from secret_leaks(config, instance)
    if shapes[0] != shapes[1] or shapes[0] != shapes[2]:
        yield f"registering it twice gives {shapes[0]}, then {shapes[1]}"
    for hook, names in shapes[0].items():
        twice = [name for name, count in Counter(names).items() if count > 1]
        yield from (f"{hook} gives {name} twice" for name in twice)
    yield from (f"after it was created, {leak}" for leak in leaks)


def _why_not_created(error: BaseException) -> Iterator[str]:
    if isinstance(error, ConfigError):
        yield from map(str, error.problems)
    else:
        yield f"it cannot be created: {type(error).__name__}"


def _instance(found: FoundPlugin, settings: dict[str, Any]) -> object:
    """Return the plugin's object, made without the platform's care for what it changes."""
    holder = holder_of(found.module)
    if not isinstance(holder, type):
        return holder
    return (
        holder(fitting_settings(found.config_model, settings)) if found.config_model else holder()
    )


def _built(found: FoundPlugin, settings: dict[str, Any]) -> tuple[Plugins, Any]:
    model = found.config_model
    config = fitting_settings(model, settings) if model else None
    return build([found], {found.name: config} if config else {}), config


def _shapes(plugins: Plugins, found: FoundPlugin) -> dict[str, list[str]]:
    """Return the names of what the plugin contributes, by hook."""
    return {
        hook: sorted(map(_name, plugins.collect(hook, **_arguments(hook))))
        for hook in _REGISTERING
        if found.implements(hook)
    }


def _arguments(hook: str) -> dict[str, Any]:
    known = {"application": an_application()}
    return {name: known[name] for name in hook_arguments(hook)}


def _name(contribution: Any) -> str:  # noqa: ANN401 - a check, a command, a router or a folder
    value = contribution.value
    routes = getattr(value, "routes", None)
    if routes is not None:
        return ", ".join(str(getattr(route, "path", route)) for route in routes)
    name = str(getattr(value, "name", None) or value.branch_label)
    if isinstance(value, Check) and value.stages != ALL_STAGES:
        # One name may be two checks that are never asked together.
        return f"{name} ({', '.join(sorted(stage.value for stage in value.stages))})"
    return name


def _work_at_import(found: FoundPlugin) -> Iterable[str]:
    """Import the plugin in a process of its own and return what it did there."""
    with tempfile.TemporaryDirectory(prefix="sst-audit-") as folder:
        answer = Path(folder) / "answer"
        said = _audit(found, answer)
        if not answer.exists():
            return [f"cannot be imported in a fresh process: {said}"]
        work = json.loads(answer.read_text(encoding="utf-8"))
    places = ((what, shown(file, found.root, line)) for what, file, line in work)
    return list(dict.fromkeys(f"importing it {what} [{place}]" for what, place in places))


def _audit(found: FoundPlugin, answer: Path) -> str:
    """Let a fresh process write *answer*; return the last line that it has said."""
    told = {
        "name": found.name,
        "kind": found.kind.value,
        "module": found.module.__name__ if found.kind is Kind.PACKAGE else found.name,
        "path": str(found.module.__file__),
        "root": str(found.root),
        "answer": str(answer),
    }
    done = subprocess.run(
        [sys.executable, "-B", "-P", str(_AUDIT), json.dumps(told)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return next(iter(reversed(done.stderr.strip().splitlines())), f"exit {done.returncode}")
