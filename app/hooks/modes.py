"""The mode of a hook, declared where the hook is declared."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from app.hooks.marker import hookspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Spec = TypeVar("Spec", bound=Callable[..., Any])


class Mode(StrEnum):
    """What the caller does with a plugin's answer and with its exception."""

    COLLECT = "collect"
    FIRST = "first"
    GATE = "gate"
    AROUND = "around"
    OBSERVE = "observe"


MODES: dict[str, Mode] = {}
"""The mode of every hook, in the order of the specs; import it from there, where it is filled."""


REVERSED: set[str] = set()
"""The hooks that are called from the last plugin of the list to the first."""


def hook(mode: Mode, *, reverse: bool = False) -> Callable[[Spec], Spec]:
    """Declare the decorated signature to be a hook of *mode*, in list order or *reverse*."""

    def declare(spec: Spec) -> Spec:
        MODES[spec.__name__] = mode
        if reverse:
            REVERSED.add(spec.__name__)
        return hookspec(spec)

    return declare
