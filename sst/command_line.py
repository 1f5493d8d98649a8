"""The command line as its user types it; texts of the core and of plugins have one name for it.

In a container that is not what is typed outside: there the variable SST_COMMAND says it, such as
`docker compose run --rm migrate`. Records and files keep the one name: another machine reads them.
"""

from __future__ import annotations

import os
import re

PROGRAM = "python migrate.py"
"""The command line in every text that names one of its commands."""
VARIABLE = "SST_COMMAND"
_LONGEST = 200
_OF_A_DATABASE = (
    "upgrade|downgrade|stamp|check|status|current|history|plan|lint|repair|runs|wait|revision"
    "|backup|restore"
)
_TARGET: list[str] = []
"""The target of this call, which the commands of a database in its texts name as well."""
_ROLLOUT: list[bool] = []
"""Whether that is one of many that a call works on."""
# The surroundings of a command come with what the variable holds.
_ENVIRONMENT = r"(?:ENV_FOR_DYNACONF=\S+ )?"


def typed_program(otherwise: str = PROGRAM) -> str:
    """Return what is typed before a command: the variable's text, else *otherwise*.

    A text that is no short line of printable characters would break a screen: it is not used.
    """
    return _told() or otherwise


def as_typed(text: str, otherwise: str = PROGRAM) -> str:
    """Return *text* with the commands in it as they are typed: see `typed_program`.

    What is as it is typed already stays so.
    """
    if PROGRAM not in text:
        return text
    told = _told()
    typed, before = told or otherwise, _ENVIRONMENT if told else ""
    whole = re.compile(f"{re.escape(typed)}|{before}(?<![./]){re.escape(PROGRAM)}")
    return _on_target(whole.sub(lambda _: typed, text), typed, named_target())


def on_target(text: str, name: str) -> str:
    """Return *text* with the commands of a database in it for the target *name*."""
    return _on_target(text, PROGRAM, name)


def name_target(name: str, *, is_one_of_many: bool = False) -> None:
    """Let the commands in the texts of this call work on the target *name*; empty for none."""
    _TARGET[:] = [name] if name else []
    _ROLLOUT[:] = [is_one_of_many]


def named_target() -> str:
    """Return the target that the commands of this call work on; empty for none."""
    return _TARGET[0] if _TARGET else ""


def is_one_of_many() -> bool:
    """Whether that target is one of many that a call works on."""
    return any(_ROLLOUT)


def _on_target(text: str, typed: str, name: str) -> str:
    if not name:
        return text
    command = re.compile(rf"({re.escape(typed)}) (?=(?:{_OF_A_DATABASE})\b)")
    return command.sub(lambda found: f"{found[1]} --target {name} ", text)


def _told() -> str:
    text = os.environ.get(VARIABLE, "").strip()
    return text if text.isprintable() and len(text) <= _LONGEST else ""
