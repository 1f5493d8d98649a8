"""Which environment this is, and which variables must not be set at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.config.declared.names import did_you_mean
from sst.config.declared.schema import DEVELOPMENT
from sst.config.sources.files import DEFAULT_SECTION
from sst.config.sources.lint import section_fault
from sst.errors import Problem
from sst.redaction.redact import mask_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SWITCHES = ("ENV_FOR_DYNACONF", "ENVIRONMENT")
"""The variables that name the environment, the first before the second."""
_CONTROL = "_FOR_DYNACONF"


def control_problems(names: Iterable[str], source: str = "environment") -> Iterator[Problem]:
    """Yield the variables that would steer Dynaconf: some of them make it execute a file."""
    for name in sorted(set(names)):
        if name.upper().endswith(_CONTROL) and name != SWITCHES[0]:
            yield Problem(
                name,
                "would change how settings are read, which is not allowed",
                f"{source} {name}",
                "unset it",
            )


def asked_environment(environ: Mapping[str, str]) -> tuple[str, str] | Problem:
    """Return the environment that the variables ask for and the variable that says so."""
    said = [(tidy(environ.get(name, "")), name) for name in SWITCHES]
    said = [(value, name) for value, name in said if value]
    if len({value for value, _ in said}) > 1:
        both = " and ".join(f"{name} says {value!r}" for value, name in said)
        return Problem(" and ".join(SWITCHES), f"disagree: {both}", "environment", "set only one")
    return said[0] if said else (DEVELOPMENT, "default")


def known_environment(name: str, source: str, known: Sequence[str]) -> str | Problem:
    """Return *name* when it is one of the *known* environments."""
    asked = tidy(name)
    if asked in known:
        return asked
    names = ", ".join(known)
    can_be_added = asked != DEFAULT_SECTION and section_fault(asked) is None
    addition = f"add a section [{asked}] to settings.toml" if can_be_added else ""
    hint = did_you_mean(asked, known) or addition
    return Problem("ENVIRONMENT", f"unknown environment {asked!r}; known: {names}", source, hint)


def tidy(name: str) -> str:
    """Return *name* as environments are spelled; it can be shown."""
    # A URL in the wrong variable, or behind --env, is quoted in the problem.
    return mask_credentials(name.strip().lower())
