"""Read `.env` as one more layer; unlike Dynaconf's way, `os.environ` stays as it was."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from sst.config.sources.environment import SWITCHES, control_problems
from sst.config.sources.files import read_text
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = ".env"


def read_dotenv(root: Path, environment: str) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Return the variables of the `.env` in *root*, and what is wrong with it."""
    path = root / NAME
    if not path.exists():
        return {}, ()
    text = read_text(path)
    if isinstance(text, Problem):
        return {}, (text,)
    variables, problems = _parse(text)
    problems += control_problems(variables, NAME)
    problems += _switch_problems(variables, environment)
    return variables, tuple(problems)


def _parse(text: str) -> tuple[dict[str, str], list[Problem]]:
    # No interpolation: a password with `${` in it arrives as it was written.
    from dotenv.parser import parse_stream

    variables: dict[str, str] = {}
    problems: list[Problem] = []
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            problems.append(Problem(NAME, "is not NAME=VALUE", f"{NAME}:{binding.original.line}"))
        elif binding.key and binding.value is not None:
            variables[binding.key] = binding.value
    return variables, problems


def _switch_problems(variables: dict[str, str], environment: str) -> Iterator[Problem]:
    for name in SWITCHES:
        value = variables.get(name, "").strip().lower()
        if value and value != environment:
            yield Problem(
                name,
                f"a {NAME} file cannot choose the environment; this is {environment}",
                f"{NAME} {name}",
                f"export {name}={value} before the command",
            )
