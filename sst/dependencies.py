"""Says which package is missing or does not fit, and how it comes to be installed here."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sst.command_line import typed_program
from sst.errors import SstError

if TYPE_CHECKING:
    from collections.abc import Iterator

DISTRIBUTION = "sst-platform"
_CHECKOUT = Path(__file__).resolve().parent.parent
_SYMPTOMS = (ImportError, AttributeError, TypeError)
"""What a package raises, or makes us raise, that is older or newer than ours."""
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)")
_COMPOSE = re.compile(r"\S.*?\bcompose\b.*?(?= run | exec )")
_BOUND = re.compile(r"(>=|<)\s*([0-9.]+)")


class DependencyError(SstError, code="dependency_unfit", exit_code=2):
    """A package that the core needs is missing, or in a version that does not fit."""


def dependency_error(error: BaseException) -> DependencyError | None:
    """Return *error* in words when a package of others is to blame; None when it is our own.

    That is a package that is not there, or one whose version is outside the bounds while the
    error is of the kind that this brings about.
    """
    if not isinstance(error, _SYMPTOMS):
        return None
    name = _foreign_name(error)
    if isinstance(error, ModuleNotFoundError) and name and not _is_there(name):
        return _missing(name)
    for requirement, found in _unfit():
        return _does_not_fit(requirement, found, error)
    return _broken(name, error) if name else None


def install_advice(package: str, extra: str = "", *, otherwise: str = "") -> str:
    """Return how to install *package*, a name with bounds, that *extra* of ours brings.

    In the image, which its user cannot write to, that is another build of it, with the extras
    that it has; without an *extra* it is *otherwise*, else an image on top of it.
    """
    if not _is_image():
        wanted = f"'{package}'" if re.search(r"[<>=\[]", package) else package
        return f"run `pip install {wanted}`" + (f" (the extra {extra!r})" if extra else "")
    if not extra:
        return otherwise or f"put {package} into an image on top of this one"
    extras = " ".join(sorted({*_installed_extras(), extra}))
    return f"build it into the image: `{build_command('EXTRAS', extras)}`"


def build_command(argument: str, value: str) -> str:
    """Return what builds the image with the build *argument* set to *value*; nothing outside it.

    Where the command line is one of Compose, it is a variable of the compose file.
    """
    if not _is_image():
        return ""
    found = _COMPOSE.match(typed_program())
    spelled = f'"{value}"' if argument == "EXTRAS" else value
    if found is None:
        return f"docker build --build-arg {argument}={spelled} ."
    prefix = "SST_" if argument == "EXTRAS" else ""
    return f"{prefix}{argument}={spelled} {found[0]} build app"


def _is_image() -> bool:
    """Say whether this is the image of our Dockerfile: what builds and tests it is not in it."""
    here = {name: (_CHECKOUT / name).is_file() for name in ("deploy/probe.py", "Makefile")}
    return here == {"deploy/probe.py": True, "Makefile": False}


def _installed_extras() -> list[str]:
    """Return the extras of the image's pyproject.toml whose packages are all installed."""
    import tomllib

    text = (_CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    return [
        name
        for name, lines in extras.items()
        if all(_version(found[1]) for line in lines if (found := _REQUIREMENT.match(line)))
    ]


def _foreign_name(error: BaseException) -> str:
    """Return the top-level package that could not be imported; nothing for ours or none."""
    name = str(getattr(error, "name", None) or "") if isinstance(error, ImportError) else ""
    top = name.partition(".")[0]
    return "" if top == "sst" else top


def _is_there(package: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _unfit() -> Iterator[tuple[str, str]]:
    """Yield each requirement that is not met, and the version that is installed instead."""
    for requirement in _requirements():
        found = _REQUIREMENT.match(requirement)
        if found is None:
            continue
        version = _version(found[1])
        if version and not _fits(version, found[2]):
            yield f"{found[1]}{found[2].strip()}", version


def _requirements() -> list[str]:
    """Return what the core needs, extras left out: of the checkout, else of the installed one."""
    import tomllib
    from importlib import metadata

    try:
        project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
        if project["project"]["name"] == DISTRIBUTION:
            return [str(line) for line in project["project"]["dependencies"]]
    except (OSError, KeyError, ValueError):
        pass
    try:
        listed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    return [line for line in listed if "extra ==" not in line]


def _version(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _fits(version: str, bounds: str) -> bool:
    """Compare release numbers; `packaging`, which does it better, may be what is missing."""
    mine = _numbers(version)
    for operator, bound in _BOUND.findall(bounds):
        if (mine >= _numbers(bound)) != (operator == ">="):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _missing(name: str) -> DependencyError:
    if (_CHECKOUT / "Makefile").is_file():
        return DependencyError(
            what=f"The package {name!r} is not installed.",
            why=f"this is {sys.executable}, not the project's environment",
            next_step="`make install`, then `. .venv/bin/activate`, "
            "or `.venv/bin/python migrate.py`",
        )
    return DependencyError(
        what=f"The package {name!r} is not installed.",
        why=f"it is imported here, and this is {sys.executable}",
        next_step=f"{sys.executable} -m pip install {DISTRIBUTION}, or what brings it",
    )


def _does_not_fit(requirement: str, version: str, error: BaseException) -> DependencyError:
    name = re.split(r"[<>=!~\s]", requirement, maxsplit=1)[0]
    return DependencyError(
        what=f"The package {name} {version} does not fit: {DISTRIBUTION} needs {requirement}.",
        why=f"{type(error).__name__}: {error}",
        next_step=f"{sys.executable} -m pip install '{requirement}'",
    )


def _broken(name: str, error: BaseException) -> DependencyError:
    return DependencyError(
        what=f"The package {name!r} cannot be used.",
        why=f"{type(error).__name__}: {error}",
        next_step=f"install it again into the environment of {sys.executable}",
    )
