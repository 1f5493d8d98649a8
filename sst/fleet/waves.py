"""The order: a canary first, then waves that grow as nothing fails."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sst.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from sst.config.sources.target import Target

    Waves = tuple[tuple[Target, ...], ...]

_GROWTH = 5
"""Each wave is so many times as large as all before it: 1, 5, 30, 180 ..."""


def waves_of(
    targets: Sequence[Target], canary: str, settled: AbstractSet[str] = frozenset()
) -> Waves:
    """Return *targets* in waves, the first of which *canary* names: a number, or patterns.

    Without a canary all of them are one wave; with one each wave is five times as large as all
    before it together, in the order of their names. Those with a name in *settled* are in no wave:
    a number counts the others, and the first wave is empty when all that are named are settled.
    Raises `UsageError` for a canary of none.
    """
    left = [target for target in targets if target.name not in settled]
    if not canary:
        return (tuple(left),)
    first = _canaries(left if canary.isdecimal() and left else targets, canary)
    names = {target.name for target in first}
    rest = [target for target in left if target.name not in names]
    begun = tuple(target for target in first if target.name not in settled)
    return (begun, *_growing(rest, len(first)))


def _canaries(targets: Sequence[Target], canary: str) -> tuple[Target, ...]:
    if canary.isdecimal():
        found = tuple(targets[: int(canary)])
    else:
        patterns = [word.strip() for word in canary.split(",")]
        for pattern in patterns:
            if not any(fnmatchcase(target.name, pattern) for target in targets):
                raise _no_canary(f"no chosen target is called {pattern}")
        found = tuple(
            target
            for target in targets
            if any(fnmatchcase(target.name, pattern) for pattern in patterns)
        )
    if not found:
        raise _no_canary(f"--canary {canary} is no target at all")
    return found


def _growing(rest: Sequence[Target], before: int) -> Iterator[tuple[Target, ...]]:
    begun = 0
    while begun < len(rest):
        size = before * _GROWTH
        yield tuple(rest[begun : begun + size])
        begun += size
        before += size


def _no_canary(why: str) -> UsageError:
    return UsageError(
        what="There is no canary.",
        why=why,
        next_step="give --canary a number from 1 on, or names of chosen targets with commas",
    )
