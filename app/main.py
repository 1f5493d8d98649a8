"""The web door: `uvicorn app.main:app`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sst.command_line import as_typed
from sst.errors import SstError
from sst.web import create_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import APIRouter, FastAPI

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds `app/`."""


def _routers() -> Sequence[APIRouter]:
    # They read the settings: a fault of app/settings.py is told in three lines, not by an import.
    from app.api import ROUTERS

    return ROUTERS


def _create_or_exit() -> FastAPI:
    """Return the application; end the process with three lines instead of a traceback."""
    try:
        return create_app(root=PROJECT_ROOT, routers=_routers)
    except SstError as error:
        sys.stderr.write(f"{as_typed(str(error))}\n")
        raise SystemExit(error.exit_code) from None


app = _create_or_exit()
