"""Some of the targets, by name and by label."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sst.config.declared.names import nearest
from sst.errors import UsageError
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.config.sources.target import Target


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line says of the targets; without a word of it, all are meant."""

    patterns: tuple[str, ...] = ()
    """Names, or shell patterns of names; one of them must fit."""
    labels: Mapping[str, str] | None = None
    """Labels and what each must say, all of them; the value may be a shell pattern."""

    def fits(self, target: Target) -> bool:
        """Say whether *target* is chosen."""
        is_named = not self.patterns or any(
            fnmatchcase(target.name, pattern) for pattern in self.patterns
        )
        labels = self.labels or {}
        return is_named and all(
            fnmatchcase(target.labels.get(key, ""), value) and key in target.labels
            for key, value in labels.items()
        )


def choose(targets: Sequence[Target], choice: Choice) -> tuple[Target, ...]:
    """Return those of *targets* that *choice* means, in their order; `UsageError` for none.

    A pattern that fits none is an error although others do: it is a name that is spelled wrong.
    """
    if not targets:
        raise none_listed(_why(choice))
    for pattern in choice.patterns:
        if not any(fnmatchcase(target.name, pattern) for target in targets):
            raise _none(targets, pattern)
    found = tuple(target for target in targets if choice.fits(target))
    if not found:
        raise UsageError(
            what="No target has these labels.",
            why=f"{counted(len(targets), 'target')} listed, none of them fits",
            next_step="see them with `python migrate.py targets list`",
        )
    return found


def named(targets: Sequence[Target], name: str) -> Target:
    """Return the one of *targets* called *name*. Raises `UsageError` when there is none."""
    found = next((target for target in targets if target.name == name), None)
    if found is None:
        raise _none(targets, name)
    return found


def none_listed(why: str = "") -> UsageError:
    """Return what is said in a project that lists no database, and *why* that matters."""
    return UsageError(
        what="No target is listed.",
        why=why,
        next_step="list databases below [default.migrate.targets] in settings.toml",
    )


def _why(choice: Choice) -> str:
    labels = (f"{key}={value}" for key, value in (choice.labels or {}).items())
    words = ", ".join((*choice.patterns, *labels))
    return f"{words} is to be one of them" if words else "the command is to work on all of them"


def _none(targets: Sequence[Target], word: str) -> UsageError:
    if not targets:
        return none_listed(f"{word} is to be one of them")
    near = nearest(word, [target.name for target in targets])
    return UsageError(
        what=f"There is no target {word}.",
        why=f"{counted(len(targets), 'target')} listed, none has this name",
        next_step=f"did you mean {near}?" if near else "see `python migrate.py targets list`",
    )
