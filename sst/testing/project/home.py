"""Where the platform's own files are: its built-in plugins and the template of a revision."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
_PLACES = (_PACKAGE.parent, _PACKAGE / "_home")
"""A checkout, where they lie beside `sst/`; an installed `sst`, which carries a copy."""
_PROOF = Path("plugins") / "embedded_postgres"


@cache
def platform_home() -> Path:
    """Return the folder that holds the platform's `plugins/` and `alembic/`."""
    found = next((place for place in _PLACES if (place / _PROOF).is_dir()), None)
    if found is None:
        raise FileNotFoundError(f"the platform's plugins are in none of {_PLACES}")
    return found
