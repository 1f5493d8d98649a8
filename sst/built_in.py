"""Where the core's own files are: the built-in plugins and the template of a revision."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_built_in"
"""What a wheel carries; pyproject.toml says what goes there."""
_CHECKOUT = _PACKAGE.parent


@cache
def built_in_home() -> Path:
    """Return the folder that holds the built-in `plugins/`: in a checkout it is the project."""
    home = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    if not (home / "plugins").is_dir():
        message = f"the built-in plugins are neither in {_INSTALLED} nor in {_CHECKOUT}"
        raise FileNotFoundError(message)
    return home


def revision_template() -> Path:
    """Return the `script.py.mako` that new revisions are written from."""
    return built_in_home() / "alembic" / "script.py.mako"
