"""The mode of a hook, declared where the hook is declared."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from sst.hooks.contract.deprecation import DeprecatedArgumentWarning
from sst.hooks.contract.marker import hookspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Spec = TypeVar("Spec", bound=Callable[..., Any])


class Mode(StrEnum):
    """The mode of a hook: the use of a plugin's answer and of its exception."""

    COLLECT = "collect"
    FIRST = "first"
    GATE = "gate"
    AROUND = "around"
    OBSERVE = "observe"


MODES: dict[str, Mode] = {}
"""The mode of every hook, in the order of the specs; import it from there, where it is filled."""


REVERSED: set[str] = set()
"""The hooks that are called from the last plugin of the list to the first."""


DEPRECATED: dict[str, Mapping[str, str]] = {}
"""By hook, the arguments that it will cease to offer, and what to ask for instead."""


def hook(
    mode: Mode, *, reverse: bool = False, deprecated_arguments: Mapping[str, str] | None = None
) -> Callable[[Spec], Spec]:
    """Declare the decorated signature to be a hook of *mode*, in list order or *reverse*.

    *deprecated_arguments* says by name what to ask for instead: a plugin that still asks for one
    works as before, and its author and operators are warned when it is loaded.
    """
    advice = deprecated_arguments or {}

    def declare(spec: Spec) -> Spec:
        name = spec.__name__
        MODES[name] = mode
        if reverse:
            REVERSED.add(name)
        if advice:
            DEPRECATED[name] = advice
        found = {each: DeprecatedArgumentWarning(name, each, advice[each]) for each in advice}
        return hookspec(warn_on_impl_args=found)(spec)

    return declare
