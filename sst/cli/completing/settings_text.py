"""The settings as their files' texts say them: quick, and without a word about what is wrong.

For the help and for the completion. The settings themselves are `sst/config`'s.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DEVELOPMENT = "development"
_SETTINGS = "settings.toml"
_FILES = (_SETTINGS, ".secrets.toml")
_LOCAL_FILE = "settings.local.toml"
_DEFAULT = "default"
_ENVIRONMENTS = ("ENV_FOR_DYNACONF", "ENVIRONMENT")


def environment() -> str:
    """Return the name of the environment that the process's variables ask for."""
    asked = [os.environ[name] for name in _ENVIRONMENTS if os.environ.get(name)]
    return (asked or [DEVELOPMENT])[0].strip().lower()


def environments(root: Path) -> list[str]:
    """Return the environments of settings.toml in *root*."""
    file = root / _SETTINGS
    if not file.is_file():
        return []
    import tomllib

    found = tomllib.loads(file.read_text(encoding="utf-8"))
    return [name for name in found if name.lower() != _DEFAULT]


def tables(root: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the sections of the files of settings that count here, those that win last.

    Raises what a file that cannot be read raises.
    """
    import tomllib

    here = environment()
    for name in (*_FILES, *([_LOCAL_FILE] if here == DEVELOPMENT else [])):
        file = root / name
        if file.is_file():
            sections = tomllib.loads(file.read_text(encoding="utf-8"))
            by_name = {section.lower(): table for section, table in sections.items()}
            for section in (_DEFAULT, here):
                yield by_name.get(section, {})


def variable_values(root: Path, variable: str) -> list[str]:
    """Return the values of *variable* in .env, which only development reads, and the process."""
    found = []
    dotenv = root / ".env"
    if environment() == DEVELOPMENT and dotenv.is_file():
        line = re.compile(rf"^\s*(?:export\s+)?{variable}\s*=\s*(.+?)\s*$", re.MULTILINE)
        found += line.findall(dotenv.read_text(encoding="utf-8"))
    found.append(os.environ.get(variable, ""))
    return [_unquoted(text) for text in found if text.strip()]


def setting(root: Path, *path: str) -> str:
    """Return the setting at *path*, a text, in force as far as files and variables say it."""
    found = ""
    for table in tables(root):
        value: Any = table
        for part in path:
            by_name = {key.lower(): each for key, each in value.items()}
            value = by_name.get(part.lower(), {})
            if not isinstance(value, dict):
                break
        found = value if isinstance(value, str) and value else found
    return [found, *variable_values(root, "__".join(path).upper())][-1]


def _unquoted(text: str) -> str:
    plain = text.strip()
    is_quoted = len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\""
    return plain[1:-1] if is_quoted else plain
