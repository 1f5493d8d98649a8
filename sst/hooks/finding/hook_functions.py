"""Read the hook functions of a plugin without calling them, and say what is wrong with them."""

from __future__ import annotations

import difflib
import functools
import inspect
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from sst.hooks.contract import specs
from sst.hooks.contract.error_location import shown
from sst.hooks.contract.marker import PROJECT_NAME
from sst.hooks.contract.specs import MODES, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Holder = ModuleType | type

_UNMARKED = "write @hookimpl above a plain `def`, or give it another name"
_MARK = f"{PROJECT_NAME}_impl"


@dataclass(frozen=True, slots=True)
class HookFunction:
    """A function that is marked as the implementation of a hook."""

    hook: str
    function: FunctionType
    options: dict[str, Any]
    is_method: bool
    """Its first parameter is the plugin itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of one function of a plugin."""

    what: str
    hint: str
    line: int
    file: str


@dataclass(frozen=True, slots=True)
class HookLocation:
    """Where a plugin implements a hook."""

    hook: str
    mode: str
    place: str
    """`plugins/x.py:3`."""


def hook_locations(holder: Holder, root: Path) -> tuple[HookLocation, ...]:
    """Return where *holder* implements its hooks, in the order of the reference."""
    order = list(MODES)
    known = [found for found in hook_functions(holder) if found.hook in MODES]
    return tuple(
        HookLocation(found.hook, MODES[found.hook].value, _place(found.function, root))
        for found in sorted(known, key=lambda found: order.index(found.hook))
    )


def hook_functions(holder: Holder) -> tuple[HookFunction, ...]:
    """Return the marked functions of *holder*, a module or a class."""
    return tuple(_marked_functions(holder))


def hook_names(holder: Holder) -> frozenset[str]:
    """Return the hooks that *holder* implements."""
    return frozenset(found.hook for found in hook_functions(holder) if found.hook in MODES)


def hook_arguments(hook: str) -> tuple[str, ...]:
    """Return the names of the arguments that *hook* offers."""
    return _arguments_of(getattr(specs, hook))


@functools.cache
def _arguments_of(spec: Callable[..., object]) -> tuple[str, ...]:
    return tuple(inspect.signature(spec).parameters)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that *name* is most likely meant to be."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return close[0] if close else None


def faults(holder: Holder) -> Iterator[Fault]:
    """Yield everything that would go wrong when the hooks of *holder* are called."""
    for found in hook_functions(holder):
        for what, hint in _faults_of(found):
            yield _fault(found.function, what, hint)
    for name, function in _never_called(holder):
        what = f"{name} has a hook's name and would never be called"
        yield _fault(function, what, _UNMARKED)


def _marked_functions(holder: Holder) -> Iterator[HookFunction]:
    for name in dir(holder):
        value = inspect.getattr_static(holder, name, None)
        function, options = _function_of(value), _options(value)
        if options is not None and isinstance(function, FunctionType):
            is_method = isinstance(holder, type) and not isinstance(value, staticmethod)
            yield HookFunction(options.get("specname") or name, function, options, is_method)


def _never_called(holder: Holder) -> Iterator[tuple[str, FunctionType]]:
    """Yield what looks like a hook and is none: unmarked, or hidden in another object."""
    for name in MODES:
        value = inspect.getattr_static(holder, name, None)
        function = _innermost(_function_of(value))
        if not isinstance(function, FunctionType) or not _is_own(function, holder):
            continue
        if _options(value) is None or not _is_callable_by_pluggy(value):
            yield name, function


def _is_callable_by_pluggy(value: object) -> bool:
    # A function behind another object, such as functools.cache makes, is passed over by pluggy.
    return isinstance(_function_of(value), FunctionType)


def _options(value: object) -> dict[str, Any] | None:
    # pluggy accepts the marker above and below @staticmethod and @classmethod.
    for marked in (value, _function_of(value)):
        # Static: a module may hold proxies whose attributes cannot be asked for yet.
        options = inspect.getattr_static(marked, _MARK, None)
        if isinstance(options, dict):
            return options
    return None


def _function_of(value: object) -> Any:  # noqa: ANN401 - whatever the module holds
    if isinstance(value, staticmethod | classmethod | MethodType):
        return value.__func__
    return value


def _innermost(value: object) -> object:
    """Return the function that decorators have wrapped; as `inspect.unwrap`, but statically."""
    while (wrapped := inspect.getattr_static(value, "__wrapped__", None)) is not None:
        value = wrapped
    return value


def _is_own(function: FunctionType, holder: Holder) -> bool:
    """Say whether *function* was written for *holder*, not imported to help it."""
    return isinstance(holder, type) or function.__module__ == holder.__name__


def _place(function: FunctionType, root: Path) -> str:
    code = getattr(inspect.unwrap(function), "__code__", function.__code__)
    return shown(code.co_filename, root, code.co_firstlineno)


def _fault(function: FunctionType, what: str, hint: str) -> Fault:
    code = getattr(inspect.unwrap(function), "__code__", function.__code__)
    return Fault(what, hint, code.co_firstlineno, code.co_filename)


def _faults_of(found: HookFunction) -> Iterator[tuple[str, str]]:
    if found.hook not in MODES:
        if not found.options.get("optionalhook"):
            yield _unknown_hook(found.hook)
        return
    yield from _kind_faults(found)
    yield from _argument_faults(found)


def _unknown_hook(name: str) -> tuple[str, str]:
    meant = nearest(name, MODES)
    hint = f"did you mean {meant}?" if meant else f"hooks are {', '.join(MODES)}"
    return f"there is no hook {name}", hint


def _kind_faults(found: HookFunction) -> Iterator[tuple[str, str]]:
    hook, function = found.hook, found.function
    if found.options.get("wrapper") or found.options.get("hookwrapper"):
        yield f"{hook} is a hook wrapper", "return a context manager from around_migrate instead"
    elif inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        yield f"{hook} is `async def`: nothing would await it", "write a plain `def`"
    elif inspect.isgeneratorfunction(function) and MODES[hook] is not Mode.COLLECT:
        # Calling a generator function runs none of its body: a backup would silently not happen.
        wanted = "decorate it with @contextmanager" if MODES[hook] is Mode.AROUND else "return"
        yield f"{hook} has a `yield`: its body would not run", f"{wanted} instead"


def _argument_faults(found: HookFunction) -> Iterator[tuple[str, str]]:
    offered = hook_arguments(found.hook)
    hint = f"{found.hook} offers {', '.join(offered) or 'no arguments'}"
    for parameter in _parameters(found):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield f"{found.hook} takes {parameter}, which gets nothing", hint
        elif parameter.kind is parameter.KEYWORD_ONLY:
            yield f"{found.hook} takes {parameter.name} by keyword only", "remove the `*`"
        elif parameter.name not in offered:
            yield f"{found.hook} asks for an unknown argument {parameter.name}", hint


def _parameters(found: HookFunction) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(found.function).parameters.values())
    return parameters[1:] if found.is_method else parameters
