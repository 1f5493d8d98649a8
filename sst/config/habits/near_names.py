"""Variables that were probably meant for us and are not read: what each should be called."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

from sst.config.declared.names import APP, SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_DYNACONF = "DYNACONF_"
_PREFIXES = (_DYNACONF, "SST_")
_SWITCHES = {"DYNACONF_ENV": "ENV_FOR_DYNACONF", "DYNACONF_ENVIRONMENT": "ENV_FOR_DYNACONF"}
_SWITCH = "ENVIRONMENT"
_FILE = "_FILE"
_ALMOST_THE_SAME = 0.9
_KEPT = 16
"""Answers that are kept: the same variables are asked for with each of many databases."""
_DEEPEST = 8
"""Tables above a name; what is deeper is no name of ours."""


def not_read(variables: Iterable[str], known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return each of the *variables* that no setting reads, with the *known* name that is meant.

    The name is empty where Dynaconf would have read the variable and nothing of ours is near.
    """
    return _not_read(tuple(variables), tuple(known))


@lru_cache(maxsize=_KEPT)
def _not_read(variables: tuple[str, ...], known: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(_strange(variables, {_letters(name): name for name in known}))


def _strange(variables: Iterable[str], by_letters: dict[str, str]) -> Iterator[tuple[str, str]]:
    for variable in variables:
        meant = _SWITCHES.get(variable.upper()) or _meant(variable, by_letters)
        if meant:
            yield variable, meant
        elif variable.upper().startswith(_DYNACONF):
            yield variable, ""


def near(variable: str, known: Collection[str]) -> str | None:
    """Return the *known* name that *variable* was probably meant to be.

    Near is another case, one underscore for two, a prefix, none of the application's settings, or
    a slip of a finger.
    """
    return _meant(variable, {_letters(name): name for name in known})


def _meant(variable: str, by_letters: dict[str, str]) -> str | None:
    """Return the name that *variable* means, or of the file that it means."""
    plain = _without_prefix(variable.upper(), by_letters)
    if found := _name(plain, by_letters):
        return found
    if plain.endswith(_FILE) and (found := _name(plain.removesuffix(_FILE), by_letters)):
        return f"{found}{_FILE}"
    return _typo_of(plain, [_SWITCH])


def _without_prefix(name: str, by_letters: dict[str, str]) -> str:
    """Return *name* without Dynaconf's prefix or another one that an application may have had.

    Any prefix is one before a name with two underscores, which no other program has.
    """
    for prefix in _PREFIXES:
        plain = name.removeprefix(prefix)
        if plain != name and (prefix == _DYNACONF or _letters(plain) in by_letters):
            return plain
    parts = name.split("_", _DEEPEST)
    for position in range(1, len(parts)):
        plain = "_".join(parts[position:])
        base = plain.removesuffix(_FILE)
        if SEPARATOR in plain and base in by_letters.values():
            return plain
    return name


def _name(plain: str, by_letters: dict[str, str]) -> str | None:
    letters = _letters(plain)
    found = by_letters.get(letters)
    if found is None and "_" in letters:
        # One word alone, such as HOST, is too often somebody else's.
        found = by_letters.get(f"{APP.upper()}_{letters}")
    if found is None and (typo := _typo_of(letters, by_letters)):
        found = by_letters[typo]
    return found


def _letters(name: str) -> str:
    return name.replace(".", "_").replace("-", "_").replace(SEPARATOR, "_")


def _typo_of(name: str, known: Collection[str]) -> str | None:
    """Return the *known* name that differs by a letter or two."""
    matcher = SequenceMatcher(b=name)
    for candidate in known:
        if candidate[:1] == name[:1] and abs(len(candidate) - len(name)) < 2:  # noqa: PLR2004 - a letter
            matcher.set_seq1(candidate)
            if matcher.quick_ratio() >= _ALMOST_THE_SAME and matcher.ratio() >= _ALMOST_THE_SAME:
                return candidate
    return None
