"""Variables that were probably meant for us and are not read: what each should be called."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from sst.config.declared.names import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_PREFIX = "DYNACONF_"
_FILE = "_FILE"
_ALMOST_THE_SAME = 0.9


def meant_by(variables: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each of the *variables* that no setting reads, with the *known* name it is near to.

    Near is another case, one underscore for two, Dynaconf's own prefix, or a slip of a finger.
    """
    by_letters = {_letters(name): name for name in known}
    for variable in variables:
        plain = variable.upper().removeprefix(_PREFIX)
        found = by_letters.get(_letters(plain)) or _typo_of(plain, known)
        if found is None and plain.endswith(_FILE):
            found = _of_file(plain.removesuffix(_FILE), by_letters)
        if found:
            yield variable, found


def _of_file(plain: str, by_letters: dict[str, str]) -> str | None:
    name = by_letters.get(_letters(plain))
    return f"{name}{_FILE}" if name else None


def _letters(name: str) -> str:
    return name.replace(SEPARATOR, "_")


def _typo_of(name: str, known: Collection[str]) -> str | None:
    """Return the *known* name that differs by a letter or two."""
    matcher = SequenceMatcher(b=name)
    for candidate in known:
        if candidate[:1] == name[:1] and abs(len(candidate) - len(name)) < 2:  # noqa: PLR2004 - a letter
            matcher.set_seq1(candidate)
            if matcher.quick_ratio() >= _ALMOST_THE_SAME and matcher.ratio() >= _ALMOST_THE_SAME:
                return candidate
    return None
