"""Files that Dynaconf would have read and that are not read here: where to write their content."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.config.declared.catalog import build_catalog
from sst.config.declared.schema import DEVELOPMENT
from sst.config.sources.dotenv import NAME as DOTENV
from sst.config.sources.dotenv import read_dotenv
from sst.config.sources.files import LOCAL, SECRETS
from sst.project_root import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_EXTENSIONS = "toml|tml|yaml|yml|ini|conf|properties|json|py"
_FILE = re.compile(rf"(settings|\.secrets)(?:\.([A-Za-z][\w-]*))?\.({_EXTENSIONS})")
_ENVIRONMENTS = frozenset(
    ["default", "global", "dev", "development", "prod", "production", "staging", "live", "test"]
)
_PYTHON = "settings.py"
_HOOKS = "dynaconf_hooks.py"
_FOLDER = "config"
_OTHERS = re.compile(
    r"^\s*(class |from (django|pydantic)|import django|INSTALLED_APPS)", re.MULTILINE
)
_LARGEST = 65_536
_NAMED = 3


def unread_files(
    root: Path, environment: str, environments: Collection[str], *, is_own: bool
) -> Iterator[str]:
    """Yield a warning for each file in *root*, and in its folder `config`, that is not read.

    Without a settings.toml the project may be another program's, and so may its files be.
    *is_own* says that *environment* is that of this process, whose local files are meant.
    """
    names = _names_in(root)
    if SETTINGS not in names:
        return
    if is_own and environment != DEVELOPMENT:
        yield from _only_for_development(root, environment, names)
    known = {*environments, *_ENVIRONMENTS}
    yield from _here(root, names, known)
    yield from _below(root, names, known)


def _only_for_development(root: Path, environment: str, names: Collection[str]) -> Iterator[str]:
    if LOCAL in names:
        yield f"{LOCAL} is not read: it is for {DEVELOPMENT}, and this is {environment}"
    settings = build_catalog().names
    # Compose reads a file of this name too: only one with settings was meant for us.
    given = read_dotenv(root, environment)[0] if DOTENV in names else {}
    if ours := [name for name in given if name.removesuffix("_FILE") in settings]:
        what = f"it names {', '.join(ours[:_NAMED])}{' and others' * (len(ours) > _NAMED)}"
        yield f"{DOTENV} is not read ({what}): it is for {DEVELOPMENT}, and this is {environment}"


def _here(root: Path, names: Collection[str], environments: Collection[str]) -> Iterator[str]:
    if _HOOKS in names:
        yield f"{_HOOKS} is not run; a plugin gives values by the hook config_values"
    for name in sorted(names):
        home = _home_of(name, environments)
        if home and not (name == _PYTHON and _is_of_another_program(root / name)):
            yield f"{name} is not read; write it in {home}"


def _below(root: Path, names: Collection[str], environments: Collection[str]) -> Iterator[str]:
    for name in sorted(_names_in(root / _FOLDER)) if _FOLDER in names else ():
        if _is_plain(name):
            home = _home_of(name, environments) or name
            yield f"{_FOLDER}/{name} is not read; write it in {home}"


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(path.name for path in folder.iterdir())
    except OSError:
        return frozenset()


def _is_plain(name: str) -> bool:
    match = _FILE.fullmatch(name)
    return match is not None and match[2] in (None, "local") and name != _PYTHON


def _home_of(name: str, environments: Collection[str]) -> str:
    """Return where the content of the file *name* belongs; nothing when it is none of these."""
    match = _FILE.fullmatch(name)
    if match is None or name in (SETTINGS, SECRETS, LOCAL):
        return ""
    base, middle, _ = match.groups()
    whole = SETTINGS if base == "settings" else SECRETS
    if middle is None:
        return whole
    if middle == "local":
        return LOCAL if base == "settings" else SECRETS
    return f"[{middle}] of {whole}" if middle.lower() in environments else ""


def _is_of_another_program(path: Path) -> bool:
    """Say whether a settings.py is Django's, or a module with a class, rather than values."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return bool(_OTHERS.search(file.read(_LARGEST)))
    except OSError:
        return True
